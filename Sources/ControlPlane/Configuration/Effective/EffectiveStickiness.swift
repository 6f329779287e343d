// `stickiness:` in the effective document. Counterpart: StickinessReader.

import JSON
import Model

extension JSONValue {
    static func stickiness(_ stickiness: Stickiness) -> JSONValue {
        switch stickiness {
        case .cookie(let cookie): .object(["cookie": stickyCookie(cookie)])
        case .table(let table):
            .object([
                "table": .object([
                    "key": .string(table.key.text), "entries": .size(table.entries),
                    "idle": .time(table.idle),
                ])
            ])
        }
    }

    private static func stickyCookie(_ cookie: StickyCookie) -> JSONValue {
        let isOurs = cookie.mode == .insert
        return .object([
            "name": .string(cookie.name),
            "mode": .string(cookie.mode.rawValue),
            "forward": isOurs ? .bool(cookie.forward) : nil,
            "http_only": isOurs ? .bool(cookie.httpOnly) : nil,
            "secure": isOurs ? .bool(cookie.secure) : nil,
            "same_site": cookie.sameSite.map { .string($0.rawValue) },
            "domain": cookie.domain.map { .string($0) },
            "max_age": cookie.maxAge.map { .time($0) },
        ])
    }
}

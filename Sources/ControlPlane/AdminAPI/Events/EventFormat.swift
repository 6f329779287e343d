// How events are written: as server-sent events (WHATWG HTML §9.2) or as one JSON object a line.
// Pure value, any thread.

import JSON
import Master

enum EventFormat: Sendable, Hashable {
    case serverSentEvents, ndjson

    static let heartbeatPeriod = Duration.seconds(15)

    /// By the Accept field; server-sent events unless NDJSON is asked for.
    init(accept: String?) {
        let types = (accept ?? "").split(separator: ",").map { type in
            type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        let names = ["application/x-ndjson", "application/ndjson"]
        self = types.contains { names.contains($0) } ? .ndjson : .serverSentEvents
    }

    var contentType: String {
        switch self {
        case .serverSentEvents: "text/event-stream"
        case .ndjson: "application/x-ndjson"
        }
    }

    func event(_ event: MasterEvent) -> [UInt8] {
        var object = JSONObject()
        object["at"] = .time(event.at)
        for member in event.details.members { object[member.name] = member.value }
        return frame(event.sequence, event.kind.rawValue, object)
    }

    /// Events before the next one are lost. Its id lets who comes back go on after the gap.
    func gap(before next: UInt64) -> [UInt8] {
        var object = JSONObject()
        object["next"] = .number(next)
        return frame(next &- 1, "stream.gap", object)
    }

    /// Shows both sides that the other is still there.
    var heartbeat: [UInt8] {
        switch self {
        case .serverSentEvents: Array(": heartbeat\n\n".utf8)
        case .ndjson: Array("{\"type\":\"stream.heartbeat\"}\n".utf8)
        }
    }

    private func frame(_ sequence: UInt64, _ type: String, _ object: JSONObject) -> [UInt8] {
        var whole = JSONObject()
        switch self {
        case .serverSentEvents:
            whole = object
        case .ndjson:
            whole["id"] = .number(sequence)
            whole["type"] = .string(type)
            for member in object.members { whole[member.name] = member.value }
        }
        // Details are numbers and valid text, which can always be written.
        let json = (try? JSONText.write(.object(whole))) ?? Array("{}".utf8)
        switch self {
        case .serverSentEvents:
            return Array("id: \(sequence)\nevent: \(type)\ndata: ".utf8) + json
                + Array("\n\n".utf8)
        case .ndjson:
            return json + [UInt8(ascii: "\n")]
        }
    }
}

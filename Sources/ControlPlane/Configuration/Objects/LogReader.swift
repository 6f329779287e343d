// `log:`

import Model

extension ValueReader {
    func logSettings() -> LogSettings? {
        object { fields in
            var settings = LogSettings()
            if let level = fields.take("level")?.choice(LogSettings.Level.self) {
                settings.level = level
            }
            _ = fields.take("access")?.object { access in
                if let destination = access.take("to")?.logDestination() {
                    settings.accessTo = destination
                }
                if let format = access.take("format")?.choice(LogSettings.Format.self) {
                    settings.accessFormat = format
                }
            }
            return settings
        }
    }

    private func logDestination() -> LogSettings.Destination? {
        if let text = scalar("off, stdout, stderr or an absolute path")?.text, text.hasPrefix("/") {
            return absolutePath(limit: 4_095).map { .file(path: $0) }
        }
        let names: [(name: String, value: LogSettings.Destination)] = [
            ("off", .off), ("stdout", .standardOutput), ("stderr", .standardError),
        ]
        return choice(names, later: ["journal"], orElse: "an absolute path")
    }
}

// The document as a whole: its top-level fields, in the order in which one needs the other.

import Model

extension ValueReader {
    /// Of value only if no error was reported.
    func configuration() -> Configuration? {
        object { fields in
            checkVersion(&fields)
            var configuration = Configuration()
            if let process = fields.take("process")?.processSettings() {
                configuration.process = process
            }
            if let admin = fields.take("admin")?.adminSettings() { configuration.admin = admin }
            if let log = fields.take("log")?.logSettings() { configuration.log = log }
            let timeouts = fields.take("defaults")?.defaultTimeouts() ?? Timeouts()
            let backends = fields.take("backends")
            configuration.backends =
                backends?.named("backend") { name, value in
                    value.backend(name, timeouts)
                } ?? []
            configuration.frontends =
                fields.take("frontends")?.named("frontend") { name, value in
                    value.frontend(name, timeouts)
                } ?? []
            fields.notSupportedYet("include", "certificates", "rate_limits")
            reading.checkDocument(configuration, backends: backends?.mappingEntries ?? [])
            return configuration
        }
    }

    private func checkVersion(_ fields: inout MappingReader) {
        guard let version = fields.require("version", "begin the file with version: 1") else {
            return
        }
        _ = version.integer(in: 1...1)
    }

    private func defaultTimeouts() -> Timeouts? {
        object { fields in
            fields.take("timeouts")?.timeouts(.defaults, inherited: Timeouts())
        }?.flatMap { $0 }
    }
}

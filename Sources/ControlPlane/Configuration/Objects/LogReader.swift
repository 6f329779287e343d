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
                let format = access.take("format")
                if let format = format?.choice(LogSettings.Format.self) {
                    settings.accessFormat = format
                }
                if let line = access.take("line") {
                    if format != nil {
                        line.report(
                            .conflictingFields,
                            "a line has one form, leave out one of \"format\" and \"line\"")
                    }
                    settings.accessLine = line.logLine()
                }
                if let sample = access.take("sample")?.logSample() {
                    settings.accessSample = sample
                }
                if let syslog = access.take("syslog")?.syslogSettings() {
                    settings.syslog = syslog
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
            ("journal", .journal), ("syslog", .syslog),
        ]
        return choice(names, orElse: "an absolute path")
    }

    /// `1/100`: the 100.
    private func logSample() -> Int? {
        let allowed = "a share from 1/1 to 1/1000000, such as 1/100"
        guard let text = scalar(allowed)?.text else { return nil }
        let digits = text.dropFirst(2)
        guard text.hasPrefix("1/"), Units.isInteger(String(digits)), digits.first != "0",
            let sample = Int(digits), (1...1_000_000).contains(sample)
        else {
            wrongType(allowed)
            return nil
        }
        return sample
    }

    private func syslogSettings() -> SyslogSettings? {
        object { fields in
            var settings = SyslogSettings()
            if let address = fields.take("address")?.syslogAddress() { settings.address = address }
            if let facility = fields.take("facility")?.choice(SyslogSettings.Facility.self) {
                settings.facility = facility
            }
            if let tag = fields.take("tag")?.syslogTag() { settings.tag = tag }
            return settings
        }
    }

    private func syslogAddress() -> SyslogSettings.Receiver? {
        let text = scalar("an absolute path or an address with a port")?.text
        if text?.hasPrefix("/") == true {
            return absolutePath(limit: 107).map { .socket(path: $0) }
        }
        if text?.hasPrefix("tcp:") == true {
            return serverAddress(behind: "tcp:").map { .tcp($0) }
        }
        return serverAddress().map { .udp($0) }
    }

    /// What RFC 3164 and RFC 5424 both take, and no `[` or `:`, which would end it.
    private func syslogTag() -> String? {
        guard let tag = string() else { return nil }
        guard Names.isName(tag), tag.utf8.count <= 32 else {
            report(
                .invalidValue,
                "\(quoted(tag)) is no tag: 1 to 32 of A-Z a-z 0-9 _ . - are allowed")
            return nil
        }
        return kept(tag)
    }
}

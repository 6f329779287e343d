// `admin:`

import Model

extension ValueReader {
    func adminSettings() -> AdminSettings? {
        object { fields in
            var settings = AdminSettings()
            _ = fields.take("config_source")?.choice(
                [("file", ())], later: ["api", "etcd"])
            fields.take("socket")?.readSocket(into: &settings)
            settings.roles = fields.take("roles")?.roleGrants()
            settings.tcp = fields.take("tcp")?.adminTCPListener()
            settings.metrics = fields.take("metrics")?.adminMetricsListener()
            return settings
        }
    }

    private func readSocket(into settings: inout AdminSettings) {
        var read = settings
        _ = object { fields in
            // sun_path holds 108 bytes with the final NUL (unix(7)).
            read.socketPath = fields.take("path")?.absolutePath(limit: 107)
            reading.document.adminSocketPath = read.socketPath
            if let mode = fields.take("mode")?.permissions() { read.socketMode = mode }
            read.socketGroup = fields.take("group")?.keptLine(limit: 256)
        }
        settings = read
    }

    /// Octal digits in quotes: `"0660"`. Without them a YAML 1.1 tool in between, which takes 0660
    /// for a number, would hand on 432.
    func permissions() -> UInt32? {
        guard let text = string() else { return nil }
        guard (3...4).contains(text.utf8.count), let mode = UInt32(text, radix: 8), mode <= 0o777,
            !text.hasPrefix("+")
        else {
            report(
                .invalidValue,
                "\(quoted(text)) is no mode, must be octal permissions such as \"0660\"")
            return nil
        }
        if case .scalar(let scalar) = node.content, scalar.isPlain {
            report(.wrongType, "\(quoted(text)) needs quotes: it is a text, such as \"0660\"")
            return nil
        }
        return mode
    }
}

extension ValueReader {
    func absolutePath(limit: Int) -> String? {
        guard let path = line(limit: limit) else { return nil }
        guard path.hasPrefix("/") else {
            report(.invalidValue, "\(quoted(path)) must be an absolute path, beginning with /")
            return nil
        }
        return kept(path)
    }
}

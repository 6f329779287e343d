// Addresses: where a frontend binds (`*:80`, `[::]:80`) and where a server is (`10.0.0.1:80`).

import Model

extension ValueReader {
    /// An address to bind: `*` is every IPv4 address, `[::]` every IPv6 one.
    func bindAddress() -> SocketAddress? {
        let allowed = "an address with a port, such as \"*:80\", \"127.0.0.1:8080\" or \"[::]:80\""
        guard let text = addressText(allowed) else { return nil }
        if text.hasPrefix("*:") {
            return address("0.0.0.0" + text.dropFirst(), written: text, allowed)
        }
        guard text.hasPrefix(":") || Units.isInteger(text) else {
            return address(text, written: text, allowed)
        }
        let port = text.hasPrefix(":") ? String(text.dropFirst()) : text
        report(
            .invalidValue, "\(quoted(text)) names no address, must be \(allowed)",
            suggestion: "*:" + port)
        return nil
    }

    /// An address to connect to.
    func serverAddress() -> SocketAddress? {
        let allowed = "an address with a port, such as \"10.0.0.11:8080\" or \"[2001:db8::1]:80\""
        guard let text = addressText(allowed),
            let address = address(text, written: text, allowed)
        else { return nil }
        guard !address.host.isWildcard else {
            report(.invalidValue, "\(quoted(text)) stands for every address, name one of them")
            return nil
        }
        return address
    }

    /// An address, or a range of them by its common bits. One whose address has bits behind the
    /// prefix means the whole range, which may be more than its author had in mind.
    func addressRange() -> AddressRange? {
        guard let text = line(limit: 64) else { return nil }
        guard let range = AddressRange(text) else {
            report(
                .invalidValue,
                "\(quoted(text)) is no range of addresses, such as \"10.0.0.0/8\", \"192.0.2.1\" or "
                    + "\"2001:db8::/32\"")
            return nil
        }
        let written = text.split(separator: "/").first.flatMap { AddressRange(String($0)) }
        if written?.first != range.first {
            report(
                .invalidValue, "\(quoted(text)) is the range \(quoted("\(range)"))",
                suggestion: "\(range)", severity: .warning)
        }
        return range
    }

    private func addressText(_ allowed: String) -> String? {
        guard let text = line(limit: 255) else { return nil }
        guard !text.hasPrefix("unix:"), !text.hasPrefix("/") else {
            report(.notSupportedYet, "unix sockets are not supported yet, must be \(allowed)")
            return nil
        }
        return text
    }

    private func address(_ text: String, written: String, _ allowed: String) -> SocketAddress? {
        let numeric = text.hasPrefix("localhost:") ? "127.0.0.1" + text.dropFirst(9) : text
        if let address = SocketAddress(numeric) {
            if address.port != 0 { return address }
            report(.outOfRange, "port 0 is out of range, must be 1 to 65535")
        } else if isNamed(numeric) {
            report(
                .notSupportedYet,
                "host names such as \(quoted(written)) are not supported yet, must be \(allowed)")
        } else {
            report(.invalidValue, "\(quoted(written)) does not fit, must be \(allowed)")
        }
        return nil
    }

    /// `name:port`, with at least one letter and nothing but what host names are made of.
    private func isNamed(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) else {
            return false
        }
        let name = parts[0].utf8
        return name.allSatisfy { Names.isLetterOrDigit($0) || ".-_".utf8.contains($0) }
            && name.contains { Names.isLetterOrDigit($0) && $0 > UInt8(ascii: "9") }
    }
}

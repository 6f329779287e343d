// Addresses: where a frontend binds (`*:80`, `[::]:80`) and where a server is (`10.0.0.1:80`,
// `app.internal:80`).

import Model

extension ValueReader {
    /// An address to bind: `*` is every IPv4 address, `[::]` every IPv6 one.
    func bindAddress() -> SocketAddress? {
        let allowed = "an address with a port, such as \"*:80\", \"127.0.0.1:8080\" or \"[::]:80\""
        return addressText(allowed).flatMap { bindAddress($0, written: $0, allowed) }
    }

    /// The same, or such addresses with consecutive ports: `*:8000-8010`.
    func bindAddresses() -> Bind? {
        let allowed =
            "an address with a port or several, such as \"*:80\", \"127.0.0.1:8080\", \"[::]:80\" or "
            + "\"*:8000-8010\", a unix socket, such as \"unix:/run/apus/web.sock\", or one that was "
            + "passed, such as \"fd:3\""
        guard let text = line(limit: 255) else { return nil }
        if text.hasPrefix("unix:") {
            return unixAddress(text.dropFirst(5)).map { Bind(.unix($0)) }
        }
        if text.hasPrefix("fd:") || text.hasPrefix("fd@") {
            return passedSocket(text).map { Bind(.passed($0)) }
        }
        guard let dash = text.lastIndex(of: "-"), let colon = text.lastIndex(of: ":"), colon < dash
        else { return bindAddress(text, written: text, allowed).map { Bind($0) } }
        guard let first = bindAddress(String(text[..<dash]), written: text, allowed) else {
            return nil
        }
        let end = String(text[text.index(after: dash)...])
        guard let last = UInt16(end), "\(last)" == end else {
            report(.invalidValue, "\(quoted(text)) does not fit, must be \(allowed)")
            return nil
        }
        guard last >= first.port else {
            report(.outOfRange, "\(quoted(text)) begins with the higher port")
            return nil
        }
        var bind = Bind(first)
        bind.portCount = Int(last) - Int(first.port) + 1
        guard bind.portCount <= Bind.portCountMax else {
            report(
                .tooLarge,
                "\(quoted(text)) has \(bind.portCount) ports, at most \(Bind.portCountMax) may stand "
                    + "in one entry")
            return nil
        }
        return bind
    }

    private func bindAddress(_ text: String, written: String, _ allowed: String) -> SocketAddress? {
        if text.hasPrefix("*:") {
            return address("0.0.0.0" + text.dropFirst(), written: written, allowed)
        }
        guard text.hasPrefix(":") || Units.isInteger(text) else {
            return address(text, written: written, allowed)
        }
        let port = text.hasPrefix(":") ? String(text.dropFirst()) : text
        report(
            .invalidValue, "\(quoted(written)) names no address, must be \(allowed)",
            suggestion: "*:" + port)
        return nil
    }

    private func passedSocket(_ text: String) -> PassedSocket? {
        let name = text.dropFirst(3)
        if text.hasPrefix("fd:"), let socket = PassedSocket(name) { return socket }
        let numbers = PassedSocket.numbers
        report(
            .invalidValue,
            "\(quoted(text)) does not fit, must be fd: and the number of a descriptor, "
                + "\(numbers.lowerBound) to \(numbers.upperBound), or a name of LISTEN_FDNAMES, of "
                + "\(PassedSocket.nameBytesMax) bytes at most",
            suggestion: text.hasPrefix("fd@") ? PassedSocket(name)?.description : nil)
        return nil
    }

    /// What stands behind `unix:`.
    private func unixAddress(_ name: some StringProtocol) -> UnixAddress? {
        let allowed =
            "an absolute path, or @ and a name, of \(UnixAddress.bytesMax) bytes at most, such as "
            + "\"unix:/run/apus/web.sock\" or \"unix:@web\""
        guard name.hasPrefix("/") || name.hasPrefix("@"), !name.hasSuffix("/"),
            (2...UnixAddress.bytesMax).contains(name.utf8.count)
        else {
            report(.invalidValue, "\(quoted("unix:" + name)) does not fit, must be \(allowed)")
            return nil
        }
        // Two ways to write one path would be two sockets that take each other's file away.
        let folders = name.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard name.hasPrefix("@") || !folders.contains(where: { ["", ".", ".."].contains($0) })
        else {
            report(
                .invalidValue,
                "\(quoted("unix:" + name)) is a detour, write the path without //, /./ and /../")
            return nil
        }
        return UnixAddress(name: String(name))
    }

    /// Where a server is, by its address or by its name.
    func serverPlace() -> ServerAddress? {
        let allowed =
            "an address with a port, such as \"10.0.0.11:8080\" or \"[2001:db8::1]:80\", or a host's "
            + "name with one, such as \"app.internal:8080\", or a unix socket, such as "
            + "\"unix:/run/app.sock\""
        guard let text = line(limit: 255) else { return nil }
        if text.hasPrefix("unix:") { return unixAddress(text.dropFirst(5)).map { .unix($0) } }
        if !text.hasPrefix("localhost:"), let name = namedAddress(text) { return .named(name) }
        return serverAddress(allowed).map { .fixed($0) }
    }

    /// An address to connect to.
    /// - Parameter scheme: what the text begins with, such as `tcp:`, or nothing.
    func serverAddress(behind scheme: String = "") -> SocketAddress? {
        serverAddress(
            "an address with a port, such as \"\(scheme)10.0.0.11:8080\" or "
                + "\"\(scheme)[2001:db8::1]:80\"", behind: scheme)
    }

    private func serverAddress(_ allowed: String, behind scheme: String = "") -> SocketAddress? {
        guard let text = addressText(allowed),
            let address = address(
                String(text.dropFirst(scheme.count)), written: text, allowed)
        else { return nil }
        guard !address.host.isWildcard else {
            report(.invalidValue, "\(quoted(text)) stands for every address, name one of them")
            return nil
        }
        return address
    }

    /// One of this machine's addresses.
    func sourceAddress() -> SocketAddress.Host? {
        let allowed = "an address without a port, such as \"10.0.0.5\" or \"2001:db8::5\""
        guard let text = line(limit: 64) else { return nil }
        guard let host = SocketAddress.Host(text) else {
            report(.invalidValue, "\(quoted(text)) does not fit, must be \(allowed)")
            return nil
        }
        guard !host.isWildcard else {
            report(.invalidValue, "\(quoted(text)) stands for every address, name one of them")
            return nil
        }
        return host
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
        } else if namedAddress(numeric) != nil {
            report(
                .invalidValue,
                "\(quoted(written)) is a name, which is not looked up here, must be \(allowed)")
        } else {
            report(.invalidValue, "\(quoted(written)) does not fit, must be \(allowed)")
        }
        return nil
    }

    /// `name:port`: labels of letters, digits, `-` and `_` (RFC 1123 §2.1, RFC 2181 §11), not all of it
    /// digits, which would be meant for an address.
    private func namedAddress(_ text: String) -> NamedAddress? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, Units.isInteger(String(parts[1])), let port = UInt16(parts[1]),
            port > 0, (1...253).contains(parts[0].utf8.count)
        else { return nil }
        var labels = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { Names.isLetterOrDigit($0) || "-_".utf8.contains($0) }
        }
        guard isName, parts[0].utf8.contains(where: { $0 > UInt8(ascii: "9") }) else { return nil }
        return NamedAddress(name: parts[0].lowercased(), port: port)
    }
}

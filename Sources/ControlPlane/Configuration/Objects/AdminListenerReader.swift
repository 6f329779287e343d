// `admin.tcp` and `admin.metrics`: the listeners of the admin API for other machines.

import Model

extension ValueReader {
    func adminTCPListener() -> AdminTCPListener? {
        object { fields in
            let listen = fields.require("listen", "such as \"127.0.0.1:9443\"")?.adminListen()
            let tls = fields.require("tls", "the admin API over TCP is by TLS only")
            let tokens = fields.take("tokens")
            if let tls, tokens == nil, !tls.has("client_ca") {
                fields.report(
                    .missingField,
                    "nobody could show who they are: \"tokens\", \"tls.client_ca\" or both are "
                        + "needed")
            }
            // Of value only if no error was reported.
            return AdminTCPListener(
                listen: listen ?? [], tls: tls?.adminTLS() ?? AdminTLS(chain: "", key: ""),
                tokens: tokens?.adminFile(.tokens),
                hosts: fields.take("hosts")?.adminHosts() ?? [])
        }
    }

    func adminMetricsListener() -> AdminMetricsListener? {
        object { fields in
            let field = fields.require("listen", "such as \"127.0.0.1:9109\"")
            let tls = fields.take("tls")
            return AdminMetricsListener(
                listen: field?.adminListen(needsLoopback: tls == nil) ?? [],
                tls: tls?.adminTLS(), hosts: fields.take("hosts")?.adminHosts() ?? [])
        }
    }

    private func has(_ name: String) -> Bool {
        guard case .mapping(let entries) = node.content else { return false }
        return entries.contains { $0.key == name }
    }

    private func adminListen(needsLoopback: Bool = false) -> [SocketAddress] {
        let items = list()
        if case .sequence = node.content, items.isEmpty {
            report(.missingField, "a listener has at least one address")
        }
        return items.compactMap { item in
            guard let address = item.bindAddress() else { return nil }
            reading.document.boundAddresses.append(.init(bind: Bind(address), value: item))
            reading.document.adminAddresses.append(address)
            if needsLoopback, !address.host.isLoopback {
                item.report(
                    .plaintextListener,
                    "more than this machine could reach it and read along: add \"tls\", or listen "
                        + "on a loopback address such as 127.0.0.1 or [::1]")
            }
            return address
        }
    }

    private func adminTLS() -> AdminTLS? {
        object { fields in
            let chain = fields.require("chain", "the file of the certificate")
            let key = fields.require("key", "the file of the private key")
            return AdminTLS(
                chain: chain?.adminFile(.chain) ?? "", key: key?.adminFile(.key) ?? "",
                clientCA: fields.take("client_ca")?.adminFile(.clientCA))
        }
    }

    /// Nothing is opened here: the file is noted for whoever wants to.
    private func adminFile(_ purpose: AdminFile.Purpose) -> String? {
        guard let path = absolutePath(limit: 4_095) else { return nil }
        reading.document.adminFiles.append(AdminFile(purpose, path, at: self))
        return path
    }

    private func adminHosts() -> [String] {
        list().compactMap { item in
            guard let text = item.line(limit: 255) else { return nil }
            let labels = text.utf8.split(
                separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            let isName = labels.allSatisfy { label in
                (1...63).contains(label.count)
                    && label.allSatisfy { Names.isLetterOrDigit($0) || "-_".utf8.contains($0) }
            }
            guard isName else {
                item.report(
                    .invalidValue,
                    "\(item.quoted(text)) is no host, must be one without port such as "
                        + "proxy-1.example.com")
                return nil
            }
            let kept = item.kept(text)
            return kept == text ? text.lowercased() : kept
        }
    }
}

// Where the master is, and what to show it: a unix socket, or a URL with a token, a certificate or
// both. From options and environment; main thread, before the first request.

import FoundationEssentials
import Glibc
import NIOCore
import NIOSSL

enum MasterAddress: Sendable {
    case socket(path: String)
    case network(Network)

    struct Network: Sendable {
        /// As it was given, for messages.
        var url: String
        var host: String
        var port: Int
        var context: NIOSSLContext
        /// A bearer token.
        var token: String?
    }

    /// Of the client: the options, the environment, or where a master of this user would have its
    /// socket.
    init(_ options: GlobalOptions) throws(CommandFailure) {
        let environment = Surroundings.environment.filter { !$0.value.isEmpty }
        guard let url = options.url ?? (options.socket == nil ? environment["APUS_URL"] : nil)
        else {
            guard options.network.isEmpty else {
                throw CommandFailure(.usage, "\(options.network[0]) needs --url")
            }
            self = .socket(path: try Surroundings.socketPath(options.socket))
            return
        }
        if options.socket != nil {
            throw CommandFailure(.usage, "--socket and --url name two masters; use one of them")
        }
        self = .network(try Network(url, options, environment))
    }

    /// What messages call it.
    var name: String {
        switch self {
        case .socket(let path): path
        case .network(let network): network.url
        }
    }

    /// Of every request.
    var fields: [(String, String)] {
        switch self {
        case .socket: [("Host", "localhost")]
        case .network(let network):
            [("Host", network.authority)]
                + (network.token.map { [("Authorization", "Bearer \($0)")] } ?? [])
        }
    }

    /// A connection with these handlers, behind TLS where that is spoken.
    func connect(
        on loop: any EventLoop, _ handlers: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        switch self {
        case .socket(let path):
            Connecting(loop).initialize(handlers).connect(unixDomainSocketPath: path)
        case .network(let network): network.connect(on: loop, network.context, handlers)
        }
    }
}

extension MasterAddress.Network {
    fileprivate init(
        _ url: String, _ options: GlobalOptions, _ environment: [String: String]
    ) throws(CommandFailure) {
        self.url = url
        (host, port) = try Self.parts(of: url)
        let files = ClientFiles(
            token: options.tokenFile ?? environment["APUS_TOKEN_FILE"],
            authorities: options.caFile ?? environment["APUS_CA_FILE"],
            certificate: options.clientCertificate ?? environment["APUS_CLIENT_CERTIFICATE"],
            key: options.clientKey ?? environment["APUS_CLIENT_KEY"])
        token = try files.readToken()
        context = try files.context()
    }

    /// `https://HOST[:PORT]`, and nothing behind it.
    static func parts(of url: String) throws(CommandFailure) -> (host: String, port: Int) {
        func refuse(_ why: String) -> CommandFailure {
            CommandFailure(
                .usage, "\(url) \(why); a URL of a master is https://HOST[:PORT]")
        }
        guard !url.hasPrefix("http://") else {
            throw refuse("would send everything in the clear, and the admin API speaks TLS only")
        }
        guard url.hasPrefix("https://"), var rest = Optional(url.dropFirst(8)) else {
            throw refuse("is no https: URL")
        }
        if rest.last == "/" { rest = rest.dropLast() }
        guard !rest.contains(where: { "/?#@ ".contains($0) }) else {
            throw refuse("has more than a host and a port")
        }
        let host: Substring
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw refuse("has no ] after its [") }
            host = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
        } else {
            host = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(host.count)
        }
        guard !host.isEmpty else { throw refuse("has no host") }
        if rest.isEmpty { return (String(host), 443) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else {
            throw refuse("has no port behind its host")
        }
        return (String(host), Int(port))
    }

    fileprivate var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 443 ? name : "\(name):\(port)"
    }

    func connect(
        on loop: any EventLoop, _ context: NIOSSLContext,
        _ handlers: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        // An address is no name to indicate (RFC 6066 §3); it is compared with the certificate's.
        let isAddress = (try? SocketAddress(ipAddress: host, port: port)) != nil
        let name = isAddress ? nil : host
        return Connecting(loop).initialize { channel in
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: context, serverHostname: name))
            try handlers(channel)
        }.connect(host: host, port: port)
    }
}

// What is known of the names of servers, for whoever shows it, uses it or finds out more. Any thread.

internal import ConfigurationLanguage
internal import Model
internal import SharedState
internal import Store
internal import Synchronization
internal import Syscalls

/// The book of names under a lock: what is known now, for whoever shows or uses it.
final class HostNames: Sendable {
    private let book = Mutex(NameBook())

    init() {}

    func withBook<Value: Sendable>(_ body: (inout NameBook) -> Value) -> Value {
        book.withLock { body(&$0) }
    }

    /// Where the server is, or is to be while its name is of no use; nil: nobody knows.
    func address(of server: Server) -> SocketAddress? {
        if let fixed = server.address.fixed { return fixed }
        guard let question = NameQuestion(server) else { return nil }
        return book.withLock { $0.address(question) }
            ?? server.initialAddress.fallback.map {
                SocketAddress(host: $0, port: question.name.port)
            }
    }

    /// Nil: the server has no name.
    func view(of server: Server) -> NameView? {
        NameQuestion(server).map { question in book.withLock { $0.view(question) } }
    }

    /// Whether the server may be sent to the address, and can be reached there.
    func allows(_ address: SocketAddress, for server: Server) -> Bool {
        server.source?.hasFamily(of: address.host) != false
            && book.withLock { $0.allows(address, linkLocal: server.allowsLinkLocal) }
    }

    /// Lets the server's record have where the server is now.
    func publish(_ server: Server, _ override: ServerOverride, to record: ServerRecord) {
        var wanted: PublishedAddress?
        // What was said under another configuration may not be allowed any more.
        if let address = override.socketAddress, allows(address, for: server) {
            wanted = PublishedAddress(RawSocketAddress(address), tag: 0)
        } else if let name = server.address.named, let address = address(of: server) {
            wanted = PublishedAddress(RawSocketAddress(address), tag: name.tag)
        }
        let known = record.address
        // What was found for a name that this configuration has no longer is left to those who have it.
        // An operator's word, which goes before any, is not; nor is what the server was given while its
        // name was of no use.
        if wanted == nil, let known, known.tag != 0, known.tag != server.address.named?.tag {
            return
        }
        if wanted != known { record.publish(wanted) }
    }

    /// Forgets names that no generation has.
    func keep(_ servers: some Sequence<Server>) {
        let questions = Set(servers.compactMap(NameQuestion.init))
        book.withLock { $0.keep(questions) }
    }
}

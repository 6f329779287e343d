// What an exchange is hashed by, for backends that hash. Hot.

internal import Syscalls

extension Engine {
    /// A request that lacks what its backend hashes by goes to any server.
    mutating func setBalanceKey(
        _ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>, _ key: CompiledRequestKey,
        _ facts: ExchangeFacts
    ) {
        exchange[].balanceKey =
            key.isClientAddress
            ? KeyHash.hash(client[].peer.host, seed: 0)
            : key.hash(facts, seed: 0) ?? random.next()
    }

    /// A TCP connection has its client's address only.
    func setBalanceKey(_ exchange: Ref<Exchange>, _ client: Ref<ClientConnection>) {
        exchange[].balanceKey = KeyHash.hash(client[].peer.host, seed: 0)
    }
}

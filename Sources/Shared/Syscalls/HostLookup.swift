// Addresses of a host by its name, as the system's name services know them (nsswitch.conf(5),
// resolv.conf(5), hosts(5)). Waits for them, half a minute or more if a name server is silent: only
// on a thread that may.

internal import Glibc

/// What a name stands for, or why nobody knows.
public enum HostLookup: Sendable, Equatable {
    /// In the system's order of preference (gai.conf(5)), each once; at least one.
    case found([RawSocketAddress.Host])
    case failed(HostLookupFailure)

    /// More addresses of one name than anybody has; the rest of an answer is left out.
    public static let addressCountMax = 4_096

    /// Asks getaddrinfo(3) for addresses of both families.
    public static func addresses(of name: String) -> HostLookup {
        // SAFETY: a C record of numbers and pointers, all zero.
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        // Otherwise each address is there once for each kind of socket.
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // SAFETY: the callee reads name and hints during the call only; the list is ours to free.
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard code == 0 else { return .failed(HostLookupFailure(code: code)) }
        var hosts: [RawSocketAddress.Host] = []
        var seen: Set<RawSocketAddress.Host> = []
        var next = unsafe list
        while hosts.count < addressCountMax {
            guard let entry = unsafe next else { break }
            // SAFETY: entries of the list live until it is freed.
            unsafe next = entry.pointee.ai_next
            guard let host = unsafe host(of: entry), seen.insert(host).inserted else { continue }
            hosts.append(host)
        }
        return hosts.isEmpty ? .failed(.noAddress) : .found(hosts)
    }

    /// Nil for an address of another family.
    private static func host(of entry: UnsafeMutablePointer<addrinfo>) -> RawSocketAddress.Host? {
        guard let address = unsafe entry.pointee.ai_addr else { return nil }
        switch unsafe entry.pointee.ai_family {
        case AF_INET:
            // SAFETY: an address of this family has this layout (ip(7)).
            let word = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe $0.pointee.sin_addr.s_addr
            }
            return .ipv4(UInt32(bigEndian: word))
        case AF_INET6:
            // SAFETY: an address of this family has this layout (ipv6(7)).
            let bytes = unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                unsafe withUnsafeBytes(of: $0.pointee.sin6_addr) { unsafe Array($0) }
            }
            let words = bytes.reduce((high: UInt64(0), low: UInt64(0))) { words, byte in
                (words.high << 8 | words.low >> 56, words.low << 8 | UInt64(byte))
            }
            return .ipv6(high: words.high, low: words.low)
        default: return nil
        }
    }
}

/// Why a name gave no address. The names are the contract of the API.
public enum HostLookupFailure: String, Sendable, CaseIterable {
    /// There is no such name (NXDOMAIN).
    case notFound = "NOT_FOUND"
    /// There is the name, but without an address.
    case noAddress = "NO_ADDRESS"
    /// No name server gave an answer, or one of use (SERVFAIL), in its time.
    case unavailable = "UNAVAILABLE"
    /// A name server refuses, or what it says cannot be understood.
    case failed = "FAILED"
    /// The system's name services took longer than we wait; they may answer yet.
    case timeout = "TIMEOUT"
    /// No server may have any of the addresses.
    case refused = "REFUSED"

    init(code: Int32) {
        switch code {
        case EAI_NONAME: self = .notFound
        // EAI_NODATA and EAI_ADDRFAMILY, which POSIX does not have.
        case -5, -9: self = .noAddress
        case EAI_AGAIN: self = .unavailable
        default: self = .failed
        }
    }
}

// Field names that the proxy itself reads, drops or sets. Recognised once per field while the head
// is parsed. Hot.

/// What a field name means to a proxy; `other` is carried without being understood.
enum KnownField: UInt8 {
    case other
    case host, contentLength, transferEncoding, connection, upgrade, expect
    /// Hop-by-hop without being nominated (RFC 9110 §7.6.1), never forwarded.
    case keepAlive, proxyConnection, te, http2Settings
    case trailer
    case xForwardedFor, xForwardedProto
    /// Who the client is, by other names: X-Forwarded-*, Forwarded, X-Real-IP.
    case forwardedOther
    case userAgent, referer
    case authorization, cookie
    case contentType, date

    @inline(__always)
    init(_ name: Bytes) {
        self = .other
        switch name.count {
        case 2: if name.equalsIgnoringCase("te") { self = .te }
        case 4:
            if name.equalsIgnoringCase("host") {
                self = .host
            } else if name.equalsIgnoringCase("date") {
                self = .date
            }
        case 6:
            if name.equalsIgnoringCase("cookie") {
                self = .cookie
            } else if name.equalsIgnoringCase(
                "expect")
            {
                self = .expect
            }
        case 7:
            switch ASCII.lowercased(name[0]) {
            case UInt8(ascii: "u"): if name.equalsIgnoringCase("upgrade") { self = .upgrade }
            case UInt8(ascii: "r"): if name.equalsIgnoringCase("referer") { self = .referer }
            case UInt8(ascii: "t"): if name.equalsIgnoringCase("trailer") { self = .trailer }
            default: break
            }
        case 9: if name.equalsIgnoringCase("forwarded") { self = .forwardedOther }
        case 10:
            switch ASCII.lowercased(name[0]) {
            case UInt8(ascii: "c"): if name.equalsIgnoringCase("connection") { self = .connection }
            case UInt8(ascii: "u"): if name.equalsIgnoringCase("user-agent") { self = .userAgent }
            case UInt8(ascii: "k"): if name.equalsIgnoringCase("keep-alive") { self = .keepAlive }
            default: break
            }
        case 12: if name.equalsIgnoringCase("content-type") { self = .contentType }
        case 13: if name.equalsIgnoringCase("authorization") { self = .authorization }
        case 14:
            if name.equalsIgnoringCase("content-length") {
                self = .contentLength
            } else if name.equalsIgnoringCase("http2-settings") {
                self = .http2Settings
            }
        case 16:
            if name.equalsIgnoringCase("proxy-connection") { self = .proxyConnection }
        case 17:
            if name.equalsIgnoringCase("transfer-encoding") { self = .transferEncoding }
        default: break
        }
        if self == .other, name.count >= 9, name[0] | 0x20 == UInt8(ascii: "x") {
            self = Self.forwarding(name)
        }
    }

    /// The family of X-… names that say who the client is.
    private static func forwarding(_ name: Bytes) -> KnownField {
        if name.equalsIgnoringCase("x-real-ip") { return .forwardedOther }
        guard name.count > 12, name.prefix(12).equalsIgnoringCase("x-forwarded-") else {
            return .other
        }
        if name.equalsIgnoringCase("x-forwarded-for") { return .xForwardedFor }
        if name.equalsIgnoringCase("x-forwarded-proto") { return .xForwardedProto }
        return .forwardedOther
    }

    /// Frames, routes or identifies the message: neither `Connection` may nominate it, nor a
    /// trailer carry it, nor a `_` stand for a `-` in it.
    var isProtected: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .expect, .xForwardedFor, .xForwardedProto,
            .forwardedOther, .authorization, .cookie, .contentType, .connection:
            true
        case .other, .upgrade, .keepAlive, .proxyConnection, .te, .http2Settings, .trailer,
            .userAgent, .referer, .date:
            false
        }
    }

    /// Belongs to one connection only; the serialiser writes its own where one is needed.
    var isHopByHop: Bool {
        switch self {
        case .connection, .upgrade, .keepAlive, .proxyConnection, .te, .http2Settings: true
        case .other, .host, .contentLength, .transferEncoding, .expect, .trailer, .xForwardedFor,
            .xForwardedProto, .forwardedOther, .userAgent, .referer, .authorization, .cookie,
            .contentType, .date:
            false
        }
    }
}

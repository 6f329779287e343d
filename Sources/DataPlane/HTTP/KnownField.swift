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
    /// Who the client is, or what it asked for, by other names: X-Forwarded-*, Forwarded, X-Real-IP,
    /// True-Client-IP, X-Original-URL and the like. Servers take a proxy's word for these.
    case forwardedOther
    case requestID
    case userAgent, referer
    case authorization, proxyAuthorization, cookie
    case contentType, date

    /// `name` is a token (RFC 9110 §5.6.2).
    @inline(__always)
    init(_ name: Bytes) {
        self = .other
        switch name.count {
        case 2: if name.equalsName("te") { self = .te }
        case 4:
            if name.equalsName("host") {
                self = .host
            } else if name.equalsName("date") {
                self = .date
            }
        case 6:
            if name.equalsName("cookie") {
                self = .cookie
            } else if name.equalsName("expect") {
                self = .expect
            }
        case 7:
            switch name[0] | 0x20 {
            case UInt8(ascii: "u"): if name.equalsName("upgrade") { self = .upgrade }
            case UInt8(ascii: "r"): if name.equalsName("referer") { self = .referer }
            case UInt8(ascii: "t"): if name.equalsName("trailer") { self = .trailer }
            default: break
            }
        case 9: if name.equalsName("forwarded") { self = .forwardedOther }
        case 10:
            switch name[0] | 0x20 {
            case UInt8(ascii: "c"): if name.equalsName("connection") { self = .connection }
            case UInt8(ascii: "u"): if name.equalsName("user-agent") { self = .userAgent }
            case UInt8(ascii: "k"): if name.equalsName("keep-alive") { self = .keepAlive }
            default: break
            }
        case 12: if name.equalsName("content-type") { self = .contentType }
        case 13: if name.equalsName("authorization") { self = .authorization }
        case 14:
            switch name[0] | 0x20 {
            case UInt8(ascii: "c"): if name.equalsName("content-length") { self = .contentLength }
            case UInt8(ascii: "h"): if name.equalsName("http2-settings") { self = .http2Settings }
            case UInt8(ascii: "t"): if name.equalsName("true-client-ip") { self = .forwardedOther }
            default: break
            }
        case 16:
            switch name[0] | 0x20 {
            case UInt8(ascii: "p"):
                if name.equalsName("proxy-connection") { self = .proxyConnection }
            case UInt8(ascii: "c"):
                if name.equalsName("cf-connecting-ip") { self = .forwardedOther }
            case UInt8(ascii: "f"):
                if name.equalsName("fastly-client-ip") { self = .forwardedOther }
            default: break
            }
        case 17:
            if name.equalsName("transfer-encoding") { self = .transferEncoding }
        case 19:
            if name.equalsName("proxy-authorization") { self = .proxyAuthorization }
        default: break
        }
        if self == .other, name.count >= 9, name[0] | 0x20 == UInt8(ascii: "x") {
            self = Self.extended(name)
        }
    }

    /// The family of X-… names that say who the client is and what it asked for. Behind
    /// X-Original-URL and X-Rewrite-URL stands another path than the one that was decided about.
    private static func extended(_ name: Bytes) -> KnownField {
        switch name.count {
        case 9: return name.equalsName("x-real-ip") ? .forwardedOther : .other
        case 11: return name.equalsName("x-client-ip") ? .forwardedOther : .other
        case 12: return name.equalsName("x-request-id") ? .requestID : .other
        case 13 where name.equalsName("x-rewrite-url"), 14 where name.equalsName("x-original-url"),
            15 where name.equalsName("x-original-host"),
            19 where name.equalsName("x-cluster-client-ip"):
            return .forwardedOther
        default: break
        }
        guard name.count > 12, name.prefix(12).equalsName("x-forwarded-") else {
            return .other
        }
        if name.equalsName("x-forwarded-for") { return .xForwardedFor }
        if name.equalsName("x-forwarded-proto") { return .xForwardedProto }
        return .forwardedOther
    }

    /// Frames, routes or identifies the message: neither `Connection` may nominate it, nor a
    /// trailer carry it, nor a `_` stand for a `-` in it.
    var isProtected: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .expect, .xForwardedFor, .xForwardedProto,
            .forwardedOther, .authorization, .cookie, .contentType, .connection:
            true
        case .other, .proxyAuthorization, .requestID, .upgrade, .keepAlive, .proxyConnection, .te,
            .http2Settings, .trailer, .userAgent, .referer, .date:
            false
        }
    }

    /// Belongs to one connection only; the serialiser writes its own where one is needed.
    var isHopByHop: Bool { KnownFields.hopByHop.contains(self) }
}

/// A set of them.
struct KnownFields: BitwiseCopyable {
    private var bits: UInt32 = 0

    @inline(__always)
    init() {}

    static var hopByHop: KnownFields {
        @inline(__always) get {
            var fields = KnownFields()
            fields.insert(.connection)
            fields.insert(.upgrade)
            fields.insert(.keepAlive)
            fields.insert(.proxyConnection)
            fields.insert(.te)
            fields.insert(.http2Settings)
            return fields
        }
    }

    @inline(__always)
    func contains(_ field: KnownField) -> Bool {
        bits & 1 &<< UInt32(field.rawValue) != 0
    }

    @inline(__always)
    mutating func insert(_ field: KnownField) {
        bits |= 1 &<< UInt32(field.rawValue)
    }

    @inline(__always)
    func meets(_ others: KnownFields) -> Bool {
        bits & others.bits != 0
    }
}

// What a TCP connection's first bytes say of it, as far as its routes ask: the name in a TLS hello,
// and whether the client speaks HTTP. Pure.

/// What is known of them.
struct TCPOpening: BitwiseCopyable {
    /// The name that the client's hello asks for, empty for none; nil: that is not known.
    var name: Bytes?
    var isHTTP: Bool?
    /// Nothing more will be found out: what is not known is hidden.
    var isRead = false

    /// What is hidden taken for nothing: no name, and no HTTP.
    var apparent: TCPOpening {
        guard isRead else { return self }
        return TCPOpening(name: name ?? .empty, isHTTP: isHTTP ?? false, isRead: true)
    }
}

/// What routes want to know of them.
struct TCPQuestions: BitwiseCopyable {
    var name = false
    var isHTTP = false
}

/// Reads them out of a buffer that grows.
struct OpeningReader: BitwiseCopyable {
    private var hello = ClientHelloParser()
    private var firstLine = FirstLine()

    init() {}

    /// Nil: more bytes are needed.
    ///
    /// - Parameters:
    ///   - bytes: everything from the connection's first byte; at each call as much as before or more.
    ///   - memory: room for a hello that comes in several records; the name may be of it.
    mutating func read(
        _ bytes: Bytes, for questions: TCPQuestions, joiningIn memory: inout ByteWriter
    ) -> TCPOpening? {
        guard !bytes.isEmpty else { return nil }
        var opening = Self.hidden(bytes)
        if opening.isHTTP == false {
            guard questions.name else { return opening }
            var name = Bytes.empty
            switch hello.parse(bytes, joiningIn: &memory, name: &name) {
            case .incomplete: return nil
            case .failed: break
            case .complete: opening.name = name
            }
        } else if questions.isHTTP {
            switch firstLine.look(at: bytes) {
            case .incomplete: return nil
            case .http: opening.isHTTP = true
            case .other: opening.isHTTP = false
            case .unclear: break
            }
        }
        return opening
    }

    /// What is known if nothing more can be read. The first byte of TLS begins no request.
    static func hidden(_ bytes: Bytes) -> TCPOpening {
        let isTLS = bytes.count > 0 && bytes[0] == ClientHelloParser.firstByte
        return TCPOpening(isHTTP: isTLS ? false : nil, isRead: true)
    }
}

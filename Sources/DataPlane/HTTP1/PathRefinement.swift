// What a frontend makes of paths beyond their normal form (`PathNormaliser`): slashes in a row, and
// parameters of segments. Decided once like that: routes see what the server sees. Pure; hot, but
// for the paths that it changes.

import Model

/// `PathRules`, as a loop reads them.
struct PathRefinement: BitwiseCopyable {
    private let mergesSlashes: Bool
    private let parameters: Parameters

    /// `PathParameters` of the model as a plain byte.
    private enum Parameters: UInt8 {
        case keep, drop, refuse
    }

    init(_ rules: PathRules) {
        mergesSlashes = rules.mergesSlashes
        switch rules.parameters {
        case .keep: parameters = .keep
        case .drop: parameters = .drop
        case .refuse: parameters = .refuse
        }
    }

    /// Applies to the path of a request in place; the error if it is to be refused.
    @inline(__always)
    func apply(to head: inout RequestHead, in input: Bytes) -> HTTPError? {
        let path = head.path(in: input)
        guard changes(path) else { return nil }
        // The path is in the scratch already, or is as long as a target may be; what is written is
        // never ahead of what is read.
        guard path.count <= head.scratch.capacity else { return .targetTooLong }
        var writer = head.scratch.writer()
        if let error = write(path, to: &writer) { return error }
        head.resolvedLength = writer.count
        return nil
    }

    /// Whether `write` makes something else of a path in its normal form.
    @inline(__always)
    func changes(_ path: Bytes) -> Bool {
        let looksForParameters = parameters != .keep
        var wasSlash = false
        var index = 0
        while index < path.count {
            let byte = path[index]
            let isSlash = byte == ASCII.slash
            if isSlash && wasSlash && mergesSlashes { return true }
            if byte == ASCII.semicolon && looksForParameters { return true }
            wasSlash = isSlash
            index &+= 1
        }
        return false
    }

    /// Writes the path, never longer than it was.
    func write(_ path: Bytes, to writer: inout ByteWriter) -> HTTPError? {
        let start = writer.count
        var isInParameters = false
        var index = 0
        while index < path.count {
            let byte = path[index]
            index &+= 1
            if byte == ASCII.slash {
                isInParameters = false
                let count = writer.count
                if mergesSlashes, count > start, writer.written[count &- 1] == ASCII.slash {
                    continue
                }
            } else if byte == ASCII.semicolon, parameters != .keep {
                if parameters == .refuse { return .pathParameters }
                isInParameters = true
            }
            if !isInParameters { writer.append(byte) }
        }
        return nil
    }
}

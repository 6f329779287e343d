// The field lines of an HTTP/1 head (RFC 9112 §5), strictly: CRLF only, no folding, no blank before
// the colon, tokens as names. Shared by the request and the response parser. Hot; pure.
//
// A line is judged only once its line feed is there, so the verdict does not depend on how the
// bytes were cut into segments.

/// Why a parser stops before the end of a head.
enum HeadStop: Error {
    /// The bytes end inside a line.
    case incomplete
    case failed(HTTPError)
}

enum FieldLines {
    /// Reads from `cursor`, the first byte of a field line or of the empty line, to the end of the
    /// head. Returns the length of the head. `refusesLookalikes`: see `standsForProtectedName`.
    @inline(__always)
    static func read(
        _ input: Bytes, from start: Int, headBytes: Int, fieldCount: Int,
        refusesLookalikes: Bool, into fields: inout FieldTable
    ) throws(HeadStop) -> Int {
        var cursor = start
        while true {
            guard cursor < input.count else { throw .incomplete }
            if input[cursor] == ASCII.carriageReturn {
                guard cursor &+ 1 < input.count else { throw .incomplete }
                guard input[cursor &+ 1] == ASCII.lineFeed else {
                    throw stop(.bareCarriageReturn, at: cursor, input, lineLimit: headBytes)
                }
                guard cursor &+ 2 <= headBytes else { throw .failed(.headTooLarge) }
                return cursor &+ 2
            }
            let slot: FieldSlot
            if let plain = input.plainFieldLine(at: cursor) {
                slot = FieldSlot(input, cursor, plain.name, plain.value)
                guard slot.lineEnd <= headBytes else { throw .failed(.headTooLarge) }
            } else {
                slot = try readLine(input, cursor, headBytes, refusesLookalikes)
            }
            guard fields.count < min(fieldCount, FieldTable.capacity) else {
                throw .failed(.tooManyFields)
            }
            fields.append(slot)
            cursor = slot.lineEnd
        }
    }

    /// The line that begins at `start`, byte by byte: what is not a plain line is looked at here.
    @inline(never)
    private static func readLine(
        _ input: Bytes, _ start: Int, _ headBytes: Int, _ refusesLookalikes: Bool
    ) throws(HeadStop) -> FieldSlot {
        let (nameLength, hasUnderscore) = input.tokenLength(at: start)
        let nameEnd = start &+ nameLength
        guard nameEnd < input.count else { throw .incomplete }
        guard nameLength > 0, input[nameEnd] == ASCII.colon else {
            throw stop(nameFault(input, start, nameEnd), at: nameEnd, input, lineLimit: headBytes)
        }
        var first = nameEnd &+ 1
        while first < input.count, isBlank(input[first]) { first &+= 1 }
        let lineEnd = input.endOfFieldValue(at: first)
        guard lineEnd &+ 1 < input.count else {
            // A byte that may not stand there is judged with its line, see above; a CR may be its
            // end.
            throw lineEnd == input.count || input[lineEnd] == ASCII.carriageReturn
                ? .incomplete
                : stop(valueFault(input[lineEnd]), at: lineEnd, input, lineLimit: headBytes)
        }
        guard input[lineEnd] == ASCII.carriageReturn, input[lineEnd &+ 1] == ASCII.lineFeed else {
            throw stop(valueFault(input[lineEnd]), at: lineEnd, input, lineLimit: headBytes)
        }
        guard lineEnd &+ 2 <= headBytes else { throw .failed(.headTooLarge) }
        if hasUnderscore, refusesLookalikes,
            standsForProtectedName(input.slice(start, nameLength))
        {
            throw .failed(.ambiguousFieldName)
        }
        var end = lineEnd
        while end > first, isBlank(input[end &- 1]) { end &-= 1 }

        var slot = FieldSlot()
        slot.name = ByteRange(start, nameEnd)
        slot.value = ByteRange(first, end)
        slot.known = KnownField(input.slice(start, nameLength))
        slot.isIrregular =
            first != nameEnd &+ 2 || input[nameEnd &+ 1] != ASCII.space || end != lineEnd
        slot.lineEnd = lineEnd &+ 2
        return slot
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }

    private static func nameFault(_ input: Bytes, _ start: Int, _ nameEnd: Int) -> HTTPError {
        let byte = input[nameEnd]
        if isBlank(byte) { return nameEnd == start ? .foldedField : .spaceBeforeColon }
        switch byte {
        case ASCII.colon: return .emptyFieldName
        case ASCII.lineFeed: return nameEnd == start ? .bareLineFeed : .missingColon
        case ASCII.carriageReturn: return .missingColon
        default: return .invalidFieldName
        }
    }

    private static func valueFault(_ byte: UInt8) -> HTTPError {
        switch byte {
        case ASCII.lineFeed: .bareLineFeed
        case ASCII.carriageReturn: .bareCarriageReturn
        default: .invalidFieldValue
        }
    }

    /// Whether the name is one that matters, with `_` where `-` should be: some servers read it so.
    private static func standsForProtectedName(_ name: Bytes) -> Bool {
        // No name that matters is longer, but for the open family X-Forwarded-…
        guard name.count <= 64 else { return false }
        let scratch = InlineArray<64, UInt8> { index in
            guard index < name.count else { return 0 }
            return name[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : name[index]
        }
        let known = scratch.span.withBytes(name.count) { KnownField($0) }
        return known.isProtected || known.isHopByHop || known == .requestID
    }

    /// The fault of a line that is wrong at `position`: it counts once the line is complete, and
    /// gives way to `limitError` if the line goes beyond `lineLimit`, as it would had it come
    /// slowly.
    static func stop(
        _ error: HTTPError, at position: Int, _ input: Bytes, lineLimit: Int,
        limitError: HTTPError = .headTooLarge
    ) -> HeadStop {
        guard let lineFeed = input.firstIndex(of: ASCII.lineFeed, from: position) else {
            return .incomplete
        }
        return .failed(lineFeed &+ 1 > lineLimit ? limitError : error)
    }
}

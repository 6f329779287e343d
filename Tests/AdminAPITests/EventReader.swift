// A client of the event stream, which reads only when it is told to.

import Foundation
import TestKit

@testable import AdminAPI

final class EventReader: Sendable {
    let head: String
    private let socket: TestSocket
    private let buffer: Buffer

    /// One thread at a time: each call is awaited before the next.
    private final class Buffer: @unchecked Sendable {
        var bytes: [UInt8] = []
        var start = 0
    }

    init(
        _ admin: AdminInstance, target: String = "/v1/events", fields: [String] = []
    ) async throws {
        let path = admin.socketPath
        (socket, head, buffer) = try await AdminInstance.blocking {
            let socket = try TestSocket.connect(path: path)
            try socket.send(HTTPClient.request("GET", target, host: "localhost", fields: fields))
            var bytes: [UInt8] = []
            while bytes.split(separator: [13, 10, 13, 10], maxSplits: 1).count < 2,
                !bytes.suffix(4).elementsEqual([13, 10, 13, 10])
            {
                bytes += try socket.receive(within: 5)
            }
            let pieces = bytes.split(
                separator: [13, 10, 13, 10], maxSplits: 1, omittingEmptySubsequences: false)
            let buffer = Buffer()
            buffer.bytes = Array(pieces[1])
            return (socket, String(decoding: pieces[0], as: UTF8.self), buffer)
        }
    }

    func close() { socket.close() }

    /// The next events of NDJSON.
    func lines(_ count: Int) async throws -> [JSONValue] {
        try await read { $0.count == count }
    }

    /// Events up to the first of a type.
    func lines(until type: String) async throws -> [JSONValue] {
        try await read { $0.last?["type"].text == type }
    }

    /// Reads until the text is there, and skips what is before it.
    func text(containing wanted: String) async throws {
        let (socket, buffer) = (socket, buffer)
        try await AdminInstance.blocking {
            let mark = Array(wanted.utf8)
            while true {
                let rest = String(decoding: buffer.bytes[buffer.start...], as: UTF8.self)
                if let range = rest.range(of: wanted) {
                    buffer.start += rest[..<range.lowerBound].utf8.count + mark.count
                    return
                }
                buffer.bytes += try socket.receive(within: 5)
            }
        }
    }

    func waitForEnd() async throws {
        let socket = socket
        try await AdminInstance.blocking {
            while try !socket.receive(within: 5).isEmpty {}
        }
    }

    /// Lines until there are enough of them; those of the chunked coding are skipped.
    private func read(
        until isEnough: @escaping @Sendable ([JSONValue]) -> Bool
    ) async throws -> [JSONValue] {
        let (socket, buffer) = (socket, buffer)
        return try await AdminInstance.blocking {
            var lines: [JSONValue] = []
            while true {
                while let end = buffer.bytes[buffer.start...].firstIndex(of: 10) {
                    let line = Array(buffer.bytes[buffer.start..<end])
                    buffer.start = end + 1
                    guard line.first == UInt8(ascii: "{") else { continue }
                    lines.append(try JSONValue(parsing: line))
                    if isEnough(lines) { return lines }
                }
                buffer.bytes.removeFirst(buffer.start)
                buffer.start = 0
                let more = try socket.receive(within: 10)
                if more.isEmpty { throw ResponseFailure.endedInside(wasReset: false) }
                buffer.bytes += more
            }
        }
    }
}

// H1 over the wire: the whole corpus against a running loop, with a server behind it that records
// what it is sent. What is refused never reaches it; of what is accepted, it sees one request, and
// it is the client's.

import Glibc
import Model
import SharedState
import Testing

@testable import DataPlane

/// Records every byte, reads requests out of them in its own way and answers each.
private final class RecordingOrigin: Sendable {
    struct Record {
        var byteCount = 0
        var requests: [StrictRequest] = []
        var faults: [String] = []
    }

    let origin: EngineOrigin
    private let record: Guarded<Record>

    init() throws {
        let record = Guarded(Record())
        self.record = record
        origin = try EngineOrigin { connection in
            var bytes: [UInt8] = []
            while let more = connection.takeSome(within: 60) {
                bytes += more
                record.withLock { $0.byteCount += more.count }
                reading: while !bytes.isEmpty {
                    switch StrictRequestReader.read(bytes) {
                    case .incomplete: break reading
                    case .wrong(let fault):
                        record.withLock { $0.faults.append(fault) }
                        return
                    case .request(let request, let length):
                        bytes.removeFirst(length)
                        record.withLock { $0.requests.append(request) }
                        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    }
                }
            }
        }
    }

    /// What came since the last call.
    func take() -> Record {
        record.withLock { record in
            defer { record = Record() }
            return record
        }
    }
}

@Suite struct EngineCorpusTests {
    /// The statuses that the client of a vector is answered, until the connection is over; nil: it
    /// is not.
    private func statuses(
        _ harness: EngineHarness, _ bytes: [UInt8], isSlow: Bool
    ) throws -> [Int]? {
        let client = try harness.connect()
        for piece in isSlow ? bytes.map({ [$0] }) : [bytes] {
            // Who goes on for long behind an answer may lose it to a reset.
            guard client.staysSilent(for: 0) else { break }
            client.send(piece)
        }
        client.endSending()
        let answers = String(decoding: client.takeAll(), as: UTF8.self)
        guard client.ended, !client.wasReset else { return nil }
        return answers.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
            .filter { $0 >= 200 }
    }

    @Test(arguments: [false, true]) func refusedReachNobody(byteByByte: Bool) throws {
        let recorder = try RecordingOrigin()
        let harness = try EngineHarness(origins: [recorder.origin.port])
        var count = 0
        var statusCounts: [Int: UInt64] = [:]
        for vector in RequestCorpus.all {
            guard let error = vector.error else { continue }
            statusCounts[error.status, default: 0] += 1
            let answered = try statuses(harness, vector.bytes, isSlow: byteByByte)
            #expect(answered == [error.status], "\(vector)")
            count += 1
        }
        #expect(count >= 150)
        let fields = String(repeating: "X: y\r\n", count: 101)
        let tooMany = octets("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        #expect(try statuses(harness, tooMany, isSlow: byteByByte) == [431])
        let worker = harness.worker
        #expect(worker[.badRequests] == statusCounts[400] && worker[.badRequests] > 100)
        #expect(worker[.headersTooLarge] == 1 + statusCounts[431, default: 0])
        for (counter, statuses) in [
            (LoopCounter.bodiesTooLarge, [413]), (.targetsTooLong, [414]),
            (.expectationsFailed, [417]), (.notImplemented, [501, 505]),
        ] {
            let expected = statuses.reduce(0) { $0 + statusCounts[$1, default: 0] }
            #expect(worker[counter] == expected, "\(statuses)")
        }
        #expect(worker[.expectationsFailed] > 0 && worker[.notImplemented] > 0)
        // Whatever had been sent to the server was there before this.
        #expect(
            try statuses(harness, octets("GET /last HTTP/1.1\r\nHost: a\r\n\r\n"), isSlow: false)
                == [200])
        let record = recorder.take()
        #expect(record.faults == [])
        #expect(record.requests.map(\.target) == ["/last"])
        // That one and no byte more: its length is what the reader took.
        #expect(record.requests.first.map(length) == record.byteCount)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }

    /// Of a request without a body.
    private func length(_ request: StrictRequest) -> Int {
        "\(request.method) \(request.target) HTTP/1.1\r\n\r\n".utf8.count
            + request.fields.reduce(0) { $0 + $1.utf8.count + 2 }
    }

    @Test(arguments: [false, true]) func acceptedArriveAsTheyWereMeant(byteByByte: Bool) throws {
        let recorder = try RecordingOrigin()
        let harness = try EngineHarness(origins: [recorder.origin.port])
        var whole = 0
        for vector in RequestCorpus.all where vector.error == nil {
            let answered = try statuses(harness, vector.bytes, isSlow: byteByByte)
            let record = recorder.take()
            #expect(record.faults == [], "\(vector)")
            let answers = try #require(answered, "\(vector)")
            #expect(answers.count { $0 == 200 } == record.requests.count, "\(vector)")
            guard let meant = MeantRequest(vector.bytes) else {
                // The client ended in its body: no server has a request of that.
                #expect(record.requests.isEmpty && answers == [400], "\(vector)")
                continue
            }
            #expect(record.requests.count == 1 && answers.first == 200, "\(vector)")
            #expect(record.requests.first?.method == meant.method, "\(vector)")
            #expect(record.requests.first?.target == meant.target, "\(vector)")
            #expect(record.requests.first?.body == meant.body, "\(vector)")
            whole += 1
        }
        #expect(whole >= 40)
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }
}

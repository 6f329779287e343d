// H1, the second half: what a loop forwards of the corpus, read by other people's servers
// (scripts/request-readers). Each sees exactly the requests that it answers, and each of them is the
// client's.

import Glibc
import JSON
import Model
import Testing

@testable import DataPlane

/// The script, as long as somebody holds on to it.
@safe
private final class RequestReaders {
    private struct Offer: Decodable {
        var readers: [String: UInt16]
        var control: UInt16
        var missing: [String]
    }

    private let output: UnsafeMutablePointer<FILE>
    private let offer: Offer
    var ports: [String: UInt16] { offer.readers }
    var missing: [String] { offer.missing }

    /// Nil: there is no Python, or something of it failed.
    init?() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        guard let output = unsafe popen("exec /\(folder)/scripts/request-readers", "r") else {
            return nil
        }
        var line = [CChar](repeating: 0, count: 4_096)
        // SAFETY: the size is the array's, and fgets ends what it writes.
        guard unsafe fgets(&line, CInt(line.count), output) != nil else {
            _ = unsafe pclose(output)
            return nil
        }
        unsafe self.output = output
        let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        offer = try JSONReader.decode(Offer.self, from: text)
    }

    /// The script ends when its output is closed.
    deinit { _ = unsafe pclose(output) }

    /// How many requests each has seen, those that it could not read among them.
    func counts() throws -> [String: Int] {
        let socket = try EngineSocket.connect(port: offer.control)
        return try JSONReader.decode([String: Int].self, from: socket.takeAll())
    }
}

@Suite struct EngineReaderTests {
    @Test func othersReadTheSame() throws {
        let readers = try #require(
            try RequestReaders(), "Python reads; scripts/install-packages test")
        #expect(readers.missing == [], "who should read is missing; scripts/install-packages test")
        var asked: [String: Int] = [:]
        for (name, port) in readers.ports {
            let harness = try EngineHarness(origins: [port])
            for vector in RequestCorpus.all {
                // Some answer before they have seen a body; those that are not there in full are
                // left out, as is what a server does not like.
                let meant = MeantRequest(vector.bytes)
                if vector.error == nil, meant.map({ Self.refuses(name, $0) }) ?? true { continue }
                let answers = try ask(harness, vector.bytes)
                guard vector.error == nil, let meant else {
                    #expect(answers.isEmpty, "\(name) has read a request in \(vector)")
                    continue
                }
                asked[name, default: 0] += 1
                #expect(answers.count == 1, "\(name): \(vector)")
                #expect(answers.allSatisfy { meant.isMeant(by: $0) }, "\(name): \(answers)")
            }
            #expect(asked[name, default: 0] >= 40)
        }
        var seen: [String: Int] = [:]
        // Logs come a little later.
        let agrees = Wait.until(5) {
            seen = (try? readers.counts()) ?? [:]
            return seen == asked
        }
        #expect(agrees, "asked: \(asked), seen: \(seen)")
    }

    /// What the server says that it has read.
    private func ask(
        _ harness: EngineHarness, _ bytes: [UInt8]
    ) throws -> [String] {
        let client = try harness.connect()
        client.send(bytes)
        client.endSending()
        var answers: [String] = []
        while let head = client.takeHead() {
            if head.status / 100 == 1 { continue }
            let text = client.take(head.field("content-length").flatMap { Int($0) } ?? 0)
            if head.status == 200 { answers.append(String(decoding: text, as: UTF8.self)) }
        }
        return answers
    }

    /// Requests that a server reads as everybody does, and does not like.
    private static func refuses(_ name: String, _ meant: MeantRequest) -> Bool {
        switch name {
        case "nginx": meant.target == "*" || meant.method != meant.method.uppercased()
        case "haproxy": meant.upgrade == "websocket"
        default: false
        }
    }
}

extension MeantRequest {
    /// `METHOD TARGET BODY`, the body in hexadecimal or not shown.
    fileprivate func isMeant(by answer: String) -> Bool {
        let words = answer.split(separator: " ", omittingEmptySubsequences: false)
        let hexadecimal = body.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return words.count == 3 && words[0] == method && words[1] == target
            && (words[2] == "-" || words[2] == hexadecimal)
    }
}

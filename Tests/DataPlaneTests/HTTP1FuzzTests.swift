// Mutations of the corpus, always the same ones: nothing traps, the verdict does not depend on the
// cut, and what is forwarded is read back as what was accepted. A failure prints seed and bytes.

import Model
import Testing

@testable import DataPlane

@Suite struct HTTP1FuzzTests {
    private static let seed: UInt64 = 0xA9B5

    @Test func mutatedRequests() {
        var random = HTTP1Random(seed: Self.seed)
        var limits = MessageLimits()
        limits.headBytes = 1_024
        limits.targetBytes = 256
        limits.fieldCount = 12
        var accepted = 0
        let deadline = ContinuousClock.now + .seconds(1)
        while ContinuousClock.now < deadline {
            let input = Self.mutate(RequestCorpus.all.map(\.bytes), &random)
            let whole = parseRequest(input, limits: limits)
            let cut = parseRequest(input, limits: limits, ends: Self.cuts(input, &random))
            let slow = parseRequest(input, limits: limits, ends: bytewise(input))
            guard whole == cut, whole == slow else {
                Issue.record("the cut decides: \(input) \(whole) \(cut) \(slow)")
                return
            }
            if whole.isComplete {
                accepted += 1
                guard isForwardedAsAccepted(input, whole, limits) else { return }
            }
        }
        #expect(accepted > 0)
    }

    /// The forwarded head, parsed again, asks for the same of the same host and is framed the same.
    private func isForwardedAsAccepted(
        _ input: [UInt8], _ accepted: ParsedHead, _ limits: MessageLimits
    ) -> Bool {
        let arena = ConfigurationArena()
        let rules = AppliedRules(CompiledRules([], arena: arena))
        var head = RequestHead()
        var parser = RequestHeadParser()
        let scratch = ByteScratch(capacity: 4_096)
        let forwarded = input.withBytes { bytes -> [UInt8] in
            _ = parser.parse(bytes, limits: limits, into: &head)
            var writer = scratch.writer()
            var facts = ExchangeFacts()
            facts.setRequest(head, in: bytes)
            let fits = HeadSerializer.writeRequest(
                head, bytes,
                RequestForwarding(forwardedFor: .replace, hostFallback: Bytes("fallback")),
                rules: rules, facts: facts, into: &writer)
            #expect(fits)
            return (0..<writer.count).map { writer.written[$0] }
        }
        let again = parseRequest(forwarded)
        let isSame =
            again.result == .complete(length: forwarded.count) && again.method == accepted.method
            && again.path == accepted.path && again.query == accepted.query
            && again.host == (accepted.host.isEmpty ? "fallback" : accepted.host)
            && again.authority == (accepted.authority.isEmpty ? "fallback" : accepted.authority)
            && again.body == accepted.body && again.upgrade == accepted.upgrade
            && !again.fields.contains { $0.hasPrefix("(") }
        if !isSame {
            Issue.record("not forwarded as accepted: \(input) \(accepted) \(forwarded) \(again)")
        }
        return isSame
    }

    @Test func mutatedResponses() {
        var random = HTTP1Random(seed: Self.seed)
        let expectations = [HTTPMethod.get, .head].map {
            ResponseExpectation(method: $0, offersUpgrade: $0 == .get)
        }
        let deadline = ContinuousClock.now + .milliseconds(500)
        while ContinuousClock.now < deadline {
            let input = Self.mutate(ResponseCorpus.all.map(\.bytes), &random)
            for request in expectations {
                let whole = parseResponse(input, to: request, headBytes: 512)
                let cut = parseResponse(
                    input, to: request, headBytes: 512, ends: Self.cuts(input, &random))
                guard whole == cut else {
                    Issue.record("the cut decides: \(input) \(whole) \(cut)")
                    return
                }
            }
        }
    }

    @Test func mutatedChunks() {
        var random = HTTP1Random(seed: Self.seed)
        let deadline = ContinuousClock.now + .milliseconds(500)
        while ContinuousClock.now < deadline {
            let input = Self.mutate(ChunkCorpus.all.map(\.bytes), &random)
            let whole = scanChunks(input, ends: [input.count])
            let cut = scanChunks(input, ends: Self.cuts(input, &random))
            guard whole == cut else {
                Issue.record("the cut decides: \(input) \(whole) \(cut)")
                return
            }
        }
    }

    /// One of `seeds` after one to four edits.
    private static func mutate(_ seeds: [[UInt8]], _ random: inout HTTP1Random) -> [UInt8] {
        var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: if place < bytes.count { bytes[place] = interesting(&random) }
            case 1: bytes.insert(interesting(&random), at: place)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4:
                let other = seeds[Int.random(in: 0..<seeds.count, using: &random)]
                let from = Int.random(in: 0...other.count, using: &random)
                bytes.replaceSubrange(place..., with: other[from...])
            default:
                let run = [UInt8](repeating: interesting(&random), count: 300)
                bytes.insert(contentsOf: run, at: place)
            }
        }
        return bytes
    }

    private static func interesting(_ random: inout HTTP1Random) -> UInt8 {
        let bytes = octets("\r\n\r\n\t :;,./%\\?#*@[]\"_-0129afAFxHTP\u{0}\u{B}\u{7F}\u{80}\u{FF}")
        return Bool.random(using: &random)
            ? bytes[Int.random(in: 0..<bytes.count, using: &random)]
            : UInt8.random(in: 0...255, using: &random)
    }

    private static func cuts(_ input: [UInt8], _ random: inout HTTP1Random) -> [Int] {
        var ends: [Int] = []
        var end = 0
        while end < input.count {
            end = min(input.count, end + Int.random(in: 1...40, using: &random))
            ends.append(end)
        }
        return ends.isEmpty ? [0] : ends
    }
}

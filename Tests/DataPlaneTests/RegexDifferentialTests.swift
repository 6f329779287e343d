// Regular expressions against a matcher that is as simple as it is slow: it tries one way after the
// other, and goes back.

import Model
import Testing

@testable import DataPlane

@Suite struct RegexDifferentialTests {
    @Test(arguments: 0..<8) func findsWhatGoingBackFinds(_ seed: UInt64) throws {
        var random = Numbers(seed: seed &* 77 &+ 5)
        var compared = 0
        for _ in 0..<400 {
            var writer = PatternWriter(random: random)
            let pattern = writer.choice(depth: 3)
            random = writer.random
            guard let expression = try? RegularExpression(pattern.isEmpty ? "a" : pattern) else {
                continue
            }
            for _ in 0..<5 {
                let text = String((0..<random.next(9)).map { _ in random.pick("aab-") })
                let oracle = Backtracking(expression, text)
                guard let expected = oracle.search() else { continue }
                let found = CompiledRegexTests.find(expression, in: text)
                #expect(CompiledRegexTests.matches(expression, text) == (expected.first != nil))
                #expect(found?.start == expected.first?.start, "\(pattern) in \(text)")
                // Whose rounds may take nothing: engines differ in how often they go round.
                if !Self.hasEmptyRounds(expression.syntax) {
                    #expect(found == expected.first, "\(pattern) in \(text)")
                }
                compared += 1
            }
        }
        #expect(compared > 1_000)
    }

    private static func hasEmptyRounds(_ node: RegexNode) -> Bool {
        switch node {
        case .empty, .byte, .assertion: false
        case .sequence(let parts), .choice(let parts): parts.contains(where: hasEmptyRounds)
        case .group(let part, _): hasEmptyRounds(part)
        case .repetition(let part, _, _, _): part.isNullable || hasEmptyRounds(part)
        }
    }
}

extension RegexNode {
    /// Whether it may take nothing.
    fileprivate var isNullable: Bool {
        switch self {
        case .empty, .assertion: true
        case .byte: false
        case .sequence(let parts): parts.allSatisfy(\.isNullable)
        case .choice(let parts): parts.contains(where: \.isNullable)
        case .group(let part, _): part.isNullable
        case .repetition(let part, let least, _, _): least == 0 || part.isNullable
        }
    }
}

/// The same numbers for the same seed.
private struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func pick(_ letters: String) -> Character {
        Array(letters)[next(letters.count)]
    }
}

/// Writes patterns, most of them valid.
private struct PatternWriter {
    var random: Numbers

    mutating func choice(depth: Int) -> String {
        let count = random.next(4) == 0 ? 2 : 1
        return (0..<count).map { _ in sequence(depth: depth) }.joined(separator: "|")
    }

    private mutating func sequence(depth: Int) -> String {
        (0..<random.next(4)).map { _ in repeated(depth: depth) }.joined()
    }

    private mutating func repeated(depth: Int) -> String {
        let atom = atom(depth: depth)
        let signs = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}"]
        let sign = signs[random.next(signs.count)]
        if sign.isEmpty || ["^", "$", "\\b", "\\B"].contains(atom) { return atom }
        return atom + sign + (random.next(4) == 0 ? "?" : "")
    }

    private mutating func atom(depth: Int) -> String {
        switch random.next(depth > 0 ? 14 : 10) {
        case 0...2: return "a"
        case 3...4: return "b"
        case 5: return "."
        case 6: return ["[ab]", "[^a]", "\\w", "\\W"][random.next(4)]
        case 7: return ["^", "$", "\\b", "\\B"][random.next(4)]
        case 8...9: return "a"
        case 10...12: return "(" + choice(depth: depth - 1) + ")"
        default: return "(?:" + choice(depth: depth - 1) + ")"
        }
    }
}

/// Tries one way after the other, the preferred ones first.
private final class Backtracking {
    private let expression: RegularExpression
    private let text: [UInt8]
    private var places: [Int: (Int, Int)] = [:]
    private var triesLeft = 200_000

    init(_ expression: RegularExpression, _ text: String) {
        self.expression = expression
        self.text = Array(text.utf8)
    }

    /// None or one match; nil: it would take too long to find out.
    func search() -> [CompiledRegexTests.Found]? {
        for start in 0...text.count {
            var end: Int?
            places = [:]
            let isFound = match(expression.syntax, start) { place in
                end = place
                return true
            }
            guard triesLeft > 0 else { return nil }
            guard isFound, let end else { continue }
            let groups = (0...expression.groups.count).map { number -> String? in
                let place = number == 0 ? (start, end) : places[number]
                return place.map { String(decoding: text[$0.0..<$0.1], as: UTF8.self) }
            }
            return [CompiledRegexTests.Found(start, groups)]
        }
        return []
    }

    private func match(_ node: RegexNode, _ place: Int, then: (Int) -> Bool) -> Bool {
        triesLeft -= 1
        guard triesLeft > 0 else { return false }
        switch node {
        case .empty: return then(place)
        case .byte(let set):
            return place < text.count && set.contains(text[place]) && then(place + 1)
        case .assertion(let assertion): return holds(assertion, place) && then(place)
        case .sequence(let parts): return match(parts[...], place, then: then)
        case .choice(let parts): return parts.contains { match($0, place, then: then) }
        case .group(let part, let number):
            let before = places[number]
            if match(
                part, place,
                then: { end in
                    let inner = self.places[number]
                    self.places[number] = (place, end)
                    if then(end) { return true }
                    self.places[number] = inner
                    return false
                })
            {
                return true
            }
            places[number] = before
            return false
        case .repetition(let part, let least, let most, let isGreedy):
            return rounds(part, least, most, isGreedy, 0, place, then: then)
        }
    }

    private func match(
        _ parts: ArraySlice<RegexNode>, _ place: Int, then: (Int) -> Bool
    ) -> Bool {
        guard let first = parts.first else { return then(place) }
        return match(first, place) { self.match(parts.dropFirst(), $0, then: then) }
    }

    private func rounds(
        _ part: RegexNode, _ least: Int, _ most: Int?, _ isGreedy: Bool, _ count: Int,
        _ place: Int, then: (Int) -> Bool
    ) -> Bool {
        func another() -> Bool {
            match(part, place) { end in
                // A round that took nothing leads on, or it would go round for ever.
                if end == place, most == nil, count + 1 >= least { return then(end) }
                return self.rounds(part, least, most, isGreedy, count + 1, end, then: then)
            }
        }
        if count < least { return another() }
        if let most, count >= most { return then(place) }
        return isGreedy ? another() || then(place) : then(place) || another()
    }

    private func holds(_ assertion: RegexAssertion, _ place: Int) -> Bool {
        func isWord(_ index: Int) -> Bool {
            text.indices.contains(index) && RegexByteSet.wordBytes.contains(text[index])
        }
        return switch assertion {
        case .start: place == 0
        case .end: place == text.count
        case .wordBoundary: isWord(place - 1) != isWord(place)
        case .noWordBoundary: isWord(place - 1) == isWord(place)
        }
    }
}

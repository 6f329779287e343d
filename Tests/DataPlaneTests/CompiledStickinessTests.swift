// What is written of cookies, by itself: over the field that is read, as in a loop, and apart from
// it.

import Model
import Testing

@testable import DataPlane

@Suite struct CompiledStickinessTests {
    private let arena = ConfigurationArena()

    private func cookie(_ mode: StickyCookie.Mode) -> CompiledStickyCookie {
        var cookie = StickyCookie(name: "S")
        cookie.mode = mode
        return CompiledStickyCookie(cookie, keys: ["k1", "k2"], arena: arena)
    }

    private func names(_ field: Bytes) -> [String] {
        var names: [String] = []
        var list = CookieList(field)
        while let next = list.next() { names.append(text(next.name)) }
        return names
    }

    @Test(arguments: [
        ("S=k1", ""), ("a=1;S=k1", "a=1"), ("S=k1;a=1", "a=1"), (" S = k1 ;\ta=1", "a=1"),
        ("a=1; S=x; b=2;S=y;", "a=1; b=2"), ("s=1", "s=1"), ("S;SS=1", "S;SS=1"), (";;", ""),
        ("a=\"x; S=1\"", "a=\"x"),
    ])
    func taken(_ field: String, _ expected: String) {
        let cookie = cookie(.insert)
        #expect(written { cookie.write(arena.bytes(field), to: &$0) } == expected)
    }

    /// Over the field itself the same comes out as beside it, it is never longer, and nothing of
    /// ours is left. Fields of few letters, so that much of it means something.
    @Test(arguments: [StickyCookie.Mode.insert, .prefix])
    func overItself(mode: StickyCookie.Mode) {
        let cookie = cookie(mode)
        let letters = Array("SSak1=== ;;;~~\t".utf8)
        var random = SmallRandom(seed: 7)
        for _ in 0..<20_000 {
            let length = random.next(below: 24)
            let field = (0..<length).map { _ in
                letters[Int(random.next(below: Int64(letters.count)))]
            }
            let apart = field.withBytes { bytes in written { cookie.write(bytes, to: &$0) } }
            let scratch = ByteScratch(capacity: 64)
            var filling = scratch.writer()
            field.withBytes { filling.append($0) }
            var writer = scratch.writer()
            cookie.write(scratch.bytes(field.count), to: &writer)
            #expect(text(writer.written) == apart)
            #expect(writer.count <= field.count)
            let before = field.withBytes(names)
            let after = names(writer.written)
            #expect(after == (mode == .insert ? before.filter { $0 != "S" } : before))
        }
    }

    /// The name is read as browsers read it: up to the first `=`, within what comes before `;`.
    @Test(arguments: [
        ("S=1", true), (" S =1; Path=/", true), ("S=", true), ("S", false), ("S;a=1", false),
        ("a=1; S=1", false), ("=S", false), ("", false), ("s=1", false), ("SS=1", false),
    ])
    func setCookies(_ value: String, _ isOurs: Bool) {
        #expect(cookie(.rewrite).isSet(by: arena.bytes(value)) == isOurs)
    }

    /// Stable for ever: clients come back with it.
    @Test func keys() {
        #expect(StickyCookie.key(backend: "b", server: "s0") == "cf0ab938e469cec0")
        #expect(
            StickyCookie.key(backend: "a", server: "b-c")
                != StickyCookie.key(backend: "a-b", server: "c"))
    }
}

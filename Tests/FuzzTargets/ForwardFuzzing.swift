// What a server is sent of a request's head, read again: it asks the same host for the same.

import Model

@testable import DataPlane

enum ForwardFuzzing {
    /// - Parameter bytes: those of the head.
    static func readForwarded(_ head: borrowing RequestHead, _ bytes: Bytes) {
        let arena = ConfigurationArena()
        let rules = AppliedRules(CompiledRules([], arena: arena))
        // What is added to it is short.
        let scratch = ByteScratch(capacity: bytes.count + 1_024)
        var writer = scratch.writer()
        var facts = ExchangeFacts()
        facts.setRequest(head, in: bytes)
        let fallback = Bytes("fallback")
        require(
            HeadSerializer.writeRequest(
                head, bytes, RequestForwarding(forwardedFor: .replace, hostFallback: fallback),
                rules: rules, facts: facts, into: &writer))
        let forwarded = writer.written
        var limits = MessageLimits()
        limits.headBytes += 1_024
        limits.fieldCount += 8
        var again = RequestHead()
        var parser = RequestHeadParser()
        guard case .complete(let length) = parser.parse(forwarded, limits: limits, into: &again)
        else { return require(false) }
        require(length == forwarded.count)
        require(forwarded.slice(again.methodName).equals(bytes.slice(head.methodName)))
        require(again.path(in: forwarded).equals(head.path(in: bytes)))
        require(again.hasQuery == head.hasQuery)
        require(forwarded.slice(again.query).equals(bytes.slice(head.query)))
        let host = head.host.isEmpty ? fallback : bytes.slice(head.host)
        require(forwarded.slice(again.host).equals(host))
        let authority = head.authority.isEmpty ? fallback : bytes.slice(head.authority)
        require(forwarded.slice(again.authority).equals(authority))
        require("\(again.body)" == "\(head.body)")
    }

    private static func require(_ condition: Bool) {
        precondition(condition, "two ways of reading the same bytes disagree")
    }
}

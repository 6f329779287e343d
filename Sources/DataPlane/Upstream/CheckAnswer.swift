// The answer to one HTTP check, as it comes in: as strict as a response to a client is read, and
// bounded by one small buffer. Pure but for the buffer it is given.

internal import SharedState

struct CheckAnswer: BitwiseCopyable {
    /// 100, 102 and 103 before the answer.
    private static var interimMax: UInt8 { 16 }
    private static var headBytesMax: Int { 15_360 }

    private enum Phase: UInt8 {
        case head, body
    }
    private var phase = Phase.head
    private var parser = ResponseHeadParser()
    private var flow = BodyFlow()
    private var interimCount: UInt8 = 0
    private var status = 0
    /// Bytes of the body in which the text does not begin.
    private var searched = 0

    init() {}

    /// Looks at what was received. Nil: there has to be more; then there is room for it.
    mutating func didReceive(
        _ input: inout Buffer, _ plan: CheckPlan, head: inout ResponseHead
    ) -> ServerCheckFinding? {
        while phase == .head {
            let expectation = ResponseExpectation(method: plan.method, offersUpgrade: false)
            switch parser.parse(
                input.bytes, to: expectation, headBytes: Self.headBytesMax, into: &head)
            {
            case .incomplete:
                input.move(to: 0)
                return input.room > 0 ? nil : ServerCheckFinding(.invalidAnswer)
            case .failed: return ServerCheckFinding(.invalidAnswer)
            case .complete(let length):
                input.consume(length)
                guard head.isInterim else {
                    if let verdict = didReadHead(plan, head) { return verdict }
                    continue
                }
                interimCount &+= 1
                if interimCount > Self.interimMax { return ServerCheckFinding(.invalidAnswer) }
                if input.isEmpty {
                    // Or there would be no room where so many have filled it.
                    input.removeAll()
                    return nil
                }
            }
        }
        input.move(to: 0)
        return readBody(&input, plan)
    }

    /// The server has ended the connection.
    mutating func didEnd() -> ServerCheckFinding {
        // Until here the text was not there; whether the body is whole makes no difference then.
        phase == .body && flow.sourceDidEnd()
            ? ServerCheckFinding(.wrongBody, status: status) : ServerCheckFinding(.invalidAnswer)
    }

    private mutating func didReadHead(
        _ plan: CheckPlan, _ head: borrowing ResponseHead
    ) -> ServerCheckFinding? {
        status = head.status
        guard plan.expected.contains(status) else {
            return ServerCheckFinding(.wrongStatus, status: status)
        }
        if plan.bodyContains.isEmpty { return ServerCheckFinding(.passed, status: status) }
        phase = .body
        flow.begin(headBytes: 0, head.body, decodes: true)
        return nil
    }

    private mutating func readBody(
        _ input: inout Buffer, _ plan: CheckPlan
    ) -> ServerCheckFinding? {
        if flow.approve(&input) != nil { return ServerCheckFinding(.invalidAnswer) }
        let body = input.bytes(0, flow.pending)
        if body.firstIndex(of: plan.bodyContains, from: searched) != nil {
            return ServerCheckFinding(.passed, status: status)
        }
        searched = max(0, body.count - plan.bodyContains.count + 1)
        // A body that goes on behind the buffer is not read any further.
        let isOver = flow.isComplete || input.room == 0
        return isOver ? ServerCheckFinding(.wrongBody, status: status) : nil
    }
}

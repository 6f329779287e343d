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
        _ input: inout Buffer, _ plan: CheckPlan, head: inout ResponseHead,
        _ captures: Captures = Captures()
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
        return readBody(&input, plan, captures)
    }

    /// The server has ended the connection; `input` is what was received.
    mutating func didEnd(
        _ input: borrowing Buffer, _ plan: CheckPlan, _ captures: Captures = Captures()
    ) -> ServerCheckFinding {
        guard phase == .body, flow.sourceDidEnd() else {
            return ServerCheckFinding(.invalidAnswer)
        }
        // Until here the text was not there; whether the body is whole makes no difference then.
        return judge(input.bytes(0, flow.pending), plan, captures)
    }

    private mutating func didReadHead(
        _ plan: CheckPlan, _ head: borrowing ResponseHead
    ) -> ServerCheckFinding? {
        status = head.status
        guard plan.expected.contains(status) else {
            return ServerCheckFinding(.wrongStatus, status: status)
        }
        if !plan.readsBody { return ServerCheckFinding(.passed, status: status) }
        phase = .body
        flow.begin(headBytes: 0, head.body, decodes: true)
        return nil
    }

    private mutating func readBody(
        _ input: inout Buffer, _ plan: CheckPlan, _ captures: Captures
    ) -> ServerCheckFinding? {
        if flow.approve(&input) != nil { return ServerCheckFinding(.invalidAnswer) }
        let body = input.bytes(0, flow.pending)
        if !plan.bodyContains.isEmpty {
            if body.firstIndex(of: plan.bodyContains, from: searched) != nil {
                return ServerCheckFinding(.passed, status: status)
            }
            searched = max(0, body.count - plan.bodyContains.count + 1)
        }
        // A body that goes on behind the buffer is not read any further.
        let isOver = flow.isComplete || input.room == 0
        return isOver ? judge(body, plan, captures) : nil
    }

    /// Of a body that is over. An expression is searched for once, here: a server that sends byte by
    /// byte would have it searched for as often.
    private func judge(
        _ body: Bytes, _ plan: CheckPlan, _ captures: Captures
    ) -> ServerCheckFinding {
        if let regex = plan.bodyRegex, regex.matches(body, captures.regex) {
            return ServerCheckFinding(.passed, status: status)
        }
        return ServerCheckFinding(.wrongBody, status: status)
    }
}

import Testing
import Wire

@Suite struct WorkerAccountTests {
    @Test(arguments: [
        WorkerAccount(user: 33, group: 34, groups: []),
        WorkerAccount(user: 0, group: .max - 1, groups: [33]),
        WorkerAccount(user: 33, group: 33, groups: Array(0..<1_024)),
    ])
    func survivesTheArgument(_ account: WorkerAccount) {
        #expect(WorkerAccount(argument: account.argument) == account)
    }

    @Test(arguments: [
        "", "account=", "account=33", "account=33:33", "33:33:", "account=x:33:", "account=-1:33:",
        "account=33:33:x", "account=33:33:33:", "account=4294967296:33:",
        "account=33:33:" + (0..<1_025).map(String.init).joined(separator: ","),
    ])
    func anythingElseIsNone(_ argument: String) {
        #expect(WorkerAccount(argument: argument) == nil)
    }
}

import Testing

@testable import apus

struct ExitStatusTests {
    /// The numbers are a contract.
    @Test func numbers() {
        #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test(arguments: [
        ("config-invalid", 422, 3), ("file-missing", 422, 3), ("superseded", 422, 5),
        ("cancelled", 422, 8),
        ("listener-bind-failed", 422, 8), ("ready-timeout", 422, 8), ("spawn-failed", 503, 8),
        ("request-invalid", 422, 2), ("invalid-parameter", 400, 2),
        ("generation-serving", 409, 5), ("revision-mismatch", 412, 5),
        ("unauthenticated", 401, 6), ("forbidden-role", 403, 6), ("shutting-down", 503, 1),
        ("not-ready", 503, 1), ("not-found", 404, 1), ("internal-error", 500, 1), ("", 200, 1),
    ])
    func ofProblems(_ code: String, _ status: Int, _ expected: Int32) {
        #expect(ExitStatus(problemCode: code, httpStatus: status).rawValue == expected)
    }
}

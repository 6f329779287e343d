// The written contract against a live master, by walking the document that it serves: every
// example is valid and is sent, and every answer is one that the document has.

internal import Foundation
internal import TestKit
internal import Testing

extension IntegrationTests {
    @Suite(.timeLimit(.minutes(3))) struct ContractTests {
        @Test func everyExampleHoldsOnALiveMaster() throws {
            let (server, port) = (try EchoServer(), try FreePort.lease())
            let worker = try ExchangeableWorker()
            let apus = try ApusInstance(
                TestConfiguration(port: port, serverPort: server.port), worker: worker.path)
            // A second revision, so that there is something to compare.
            var changed = TestConfiguration(port: port, serverPort: server.port)
            changed.timeouts["client"] = "29s"
            try apus.write(changed)
            try #require(try apus.reload().status == 200)
            var walk = try ContractWalk(apus)
            walk.checkExamples()
            // Reading first: it must not depend on what the others leave behind.
            for operation in walk.operations where !operation.changesState {
                try walk.exercise(operation)
            }
            for operation in walk.operations where operation.changesState {
                try walk.exercise(operation)
            }
            // A generation that leaves can be ended, and a reload that is not over be cancelled.
            let pin = try PinnedTransfer(port: port)
            let serving = try #require(try apus.servingGeneration)
            try #require(try apus.reload().status == 200)
            try walk.send(
                "POST /v1/generations/{n}/terminate", to: "/v1/generations/\(serving)/terminate")
            try worker.set("sleep 60")
            let id = try #require(try apus.post("/v1/reloads").json["id"].text)
            try walk.send("DELETE /v1/reloads/{id}", to: "/v1/reloads/\(id)")
            withExtendedLifetime(pin) {}
            #expect(walk.problems == [])
            let unanswered = walk.operations.filter { operation in
                !walk.seen.contains { $0.hasPrefix("\(operation.name) 2") }
            }
            #expect(unanswered.map(\.name) == [], "operations that never succeeded")
            report(
                "\(walk.requestCount) requests, \(walk.exampleCount) examples, "
                    + "\(walk.seen.count) of \(walk.documentedCount) documented answers seen")
            #expect(try apus.get("/readyz").status == 200)
            server.stop()
        }

        /// Each code of the catalogue has a status, and each operation the answers that any
        /// request may have.
        @Test func everyOperationHasTheAnswersOfEveryRequest() throws {
            let apus = try ApusInstance(
                TestConfiguration(port: try FreePort.lease(), body: "x"))
            let walk = try ContractWalk(apus)
            for operation in walk.operations {
                var expected: Set = ["400", "403"]
                if operation.path.contains("{") { expected.insert("404") }
                if operation.changesState { expected.formUnion(["413", "415", "422"]) }
                let missing = expected.subtracting(operation.responses.names)
                #expect(missing == [], "\(operation.name) does not have \(missing.sorted())")
                #expect(operation.definition["operationId"].text != nil, "\(operation.name)")
                #expect(operation.definition["summary"].text != nil, "\(operation.name)")
            }
        }
    }
}

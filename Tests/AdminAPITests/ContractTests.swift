// What holds for every route, and that the written contract and the router are the same.

import Model
import TestKit
import Testing

@testable import AdminAPI
@testable import Master

struct ContractTests {
    private static func schemas() throws -> [String: [String: Any]] {
        let components = try #require(try OpenAPISource.document()["components"] as? [String: Any])
        return try #require(components["schemas"] as? [String: [String: Any]])
    }

    @Test func openAPIAndRouterAgree() throws {
        let document = try OpenAPISource.document()
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let components = document["components"] as? [String: Any]
        let shared = try #require(components?["parameters"] as? [String: [String: Any]])
        let methods: Set = ["get", "post", "put", "patch", "delete"]
        var written: Set<String> = []
        for (path, operations) in paths {
            for (method, operation) in operations where methods.contains(method) {
                let listed = (operation as? [String: Any])?["parameters"] as? [[String: Any]]
                let parameters = (listed ?? []).map { parameter in
                    let reference = (parameter["$ref"] as? String)?.split(separator: "/").last
                    return reference.flatMap { shared[String($0)] } ?? parameter
                }
                let query = parameters.filter { $0["in"] as? String == "query" }
                    .compactMap { $0["name"] as? String }.sorted().joined(separator: ",")
                written.insert("\(method.uppercased()) \(path) \(query)")
            }
        }
        let table = AdminRoutes.table(port: ScriptedMaster(), version: "0")
        let routed = Set(
            table.routes.map {
                "\($0.method.rawValue) \($0.path) \($0.query.sorted().joined(separator: ","))"
            })
        #expect(written.subtracting(routed) == [], "written, but not routed")
        #expect(routed.subtracting(written) == [], "routed, but not written")
    }

    @Test func openAPITellsTheRoleOfEveryRoute() throws {
        let paths = try #require(try OpenAPISource.document()["paths"] as? [String: [String: Any]])
        for route in AdminRoutes.table(port: ScriptedMaster(), version: "0").routes {
            let name = "\(route.method.rawValue) \(route.path)"
            let written = paths[route.path]?[route.method.rawValue.lowercased()]
            let operation = try #require(written as? [String: Any])
            let isOpen = (operation["security"] as? [Any])?.isEmpty == true
            let usual = route.method.hasBody ? "operate" : "read"
            let role = isOpen ? nil : operation["x-role"] as? String ?? usual
            #expect(role == route.role?.rawValue, "\(name)")
        }
    }

    @Test func openAPIListsEveryProblemCode() throws {
        let problem = try #require(Self.schemas()["Problem"]?["properties"] as? [String: Any])
        let code = try #require(problem["code"] as? [String: Any])
        #expect(code["enum"] as? [String] == ProblemCode.allCases.map(\.rawValue))
    }

    @Test func openAPIListsEveryEventType() throws {
        let event = try #require(Self.schemas()["Event"]?["properties"] as? [String: Any])
        let type = try #require(event["type"] as? [String: Any])
        #expect(type["enum"] as? [String] == MasterEvent.Kind.allCases.map(\.rawValue))
    }

    @Test func indexListsEveryRoute() async throws {
        let admin = try await AdminInstance()
        let index = try await admin.get("/v1").json
        #expect(index["version"].text == "1.4.0")
        let table = AdminRoutes.table(port: admin.master, version: "0")
        #expect(index["routes"].list.count == table.routes.count)
        await admin.stop()
    }

    @Test func everyAnswerHasARequestID() async throws {
        let admin = try await AdminInstance()
        for target in ["/v1", "/healthz", "/nowhere", "/v1/generations?x=1"] {
            let answer = try await admin.get(target)
            #expect(answer["X-Request-Id"]?.count == 16)
        }
        let own = try await admin.get("/nowhere", fields: ["X-Request-Id: abc-1.2_3"])
        #expect(own["X-Request-Id"] == "abc-1.2_3")
        #expect(own.json["request_id"].text == "abc-1.2_3")
        let bad = try await admin.get("/v1", fields: ["X-Request-Id: a b"])
        #expect(bad["X-Request-Id"] != "a b")
        await admin.stop()
    }

    @Test func unknownPathsSayWhatThereIs() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/generation")
        #expect(answer.status == 404)
        #expect(answer.json["detail"].text == "no such resource; did you mean /v1/generations?")
        #expect(answer.json["routes"].list.contains(.text("/v1/generations")))
        for path in ["/", "//v1", "/v1/", "/v1/generations/", "/v1/generations//terminate", "*"] {
            #expect(try await admin.get(path).status == 404, "\(path)")
        }
        await admin.stop()
    }

    @Test(arguments: [
        ("PUT", "/v1/status", "GET, HEAD"), ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/v1/reloads", "GET, HEAD, POST"),
        ("PATCH", "/v1/reloads/rl_1", "DELETE, GET, HEAD"),
        ("GET", "/v1/generations/12/terminate", "POST"), ("OPTIONS", "/v1", "GET, HEAD"),
        ("POST", "/v1/generations/current", "GET, HEAD"),
    ])
    func wrongMethods(_ method: String, _ path: String, _ allow: String) async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.exchange(
            method, path, fields: ["Content-Type: application/json"])
        #expect(answer.status == 405)
        #expect(answer["Allow"] == allow)
        #expect(answer.json["code"].text == "method-not-allowed")
        await admin.stop()
    }

    @Test func headIsGetWithoutBody() async throws {
        let admin = try await AdminInstance()
        let answer = try await admin.exchange("HEAD", "/v1/status")
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
        #expect((answer["Content-Length"].flatMap { Int($0) } ?? 0) > 100)
        await admin.stop()
    }

    @Test func aConnectionServesManyRequests() async throws {
        let admin = try await AdminInstance()
        let path = admin.socketPath
        let statuses = try await AdminInstance.blocking {
            let client = try HTTPClient(path: path)
            return try (0..<5).map { _ in
                try client.exchange("GET", "/healthz", host: "localhost").status
            }
        }
        #expect(statuses == [200, 200, 200, 200, 200])
        await admin.stop()
    }
}

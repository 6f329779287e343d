// The JSON Schema as the program serves it is the file in api/.

import Foundation
import TestKit
import Testing

@testable import AdminAPI

struct SchemaTests {
    @Test func theSchemaOfTheFileIsServed() async throws {
        let file = OpenAPISource.root.appendingPathComponent("api/config.schema.json")
        let admin = try await AdminInstance()
        let answer = try await admin.get("/v1/schema/config.json")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/schema+json")
        #expect(try Data(answer.body) == Data(contentsOf: file))
        await admin.stop()
    }
}

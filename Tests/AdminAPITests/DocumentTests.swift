// The contract as the program serves it is the file in api/.

import Foundation
import TestKit
import Testing

@testable import AdminAPI

struct DocumentTests {
    /// `make generate` sets APUS_GENERATE: the file is written, and the next build has it.
    @Test func theProgramHoldsTheDocumentOfTheFile() throws {
        let wanted = try OpenAPISource.generated()
        let place = OpenAPISource.root.appendingPathComponent(OpenAPISource.generatedPath)
        if ProcessInfo.processInfo.environment["APUS_GENERATE"] == "1" {
            try Data(wanted.utf8).write(to: place)
            return
        }
        // Not compared in the expectation, which would print both.
        let isSame = try String(contentsOf: place, encoding: .utf8) == wanted
        #expect(isSame, "api/openapi.yaml has changed: make generate")
        let isBuilt = OpenAPIDocument.yaml == (try OpenAPISource.text())
        #expect(isBuilt, "the program was built before make generate")
    }

    @Test func itIsServedAsJSONAndAsYAML() async throws {
        let admin = try await AdminInstance()
        let json = try await admin.get("/v1/openapi.json")
        #expect(json.status == 200)
        #expect(json["Content-Type"] == "application/json")
        #expect(json.json["openapi"].text == "3.1.0")
        let read = try JSONSerialization.jsonObject(with: Data(json.body)) as? NSDictionary
        let isSame = read == (try OpenAPISource.document() as NSDictionary)
        #expect(isSame)
        let yaml = try await admin.get(
            "/v1/openapi.json", fields: ["Accept: text/html, application/yaml;q=0.9"])
        #expect(yaml["Content-Type"] == "application/yaml")
        let isText = yaml.text == (try OpenAPISource.text())
        #expect(isText)
        await admin.stop()
    }
}

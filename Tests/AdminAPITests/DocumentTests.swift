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
        let written = try String(contentsOf: place, encoding: .utf8)
        #expect(written == wanted, "api/openapi.yaml has changed: make generate")
        #expect(OpenAPIDocument.yaml == (try OpenAPISource.text()))
    }

    @Test func itIsServedAsJSONAndAsYAML() async throws {
        let admin = try await AdminInstance()
        let json = try await admin.get("/v1/openapi.json")
        #expect(json.status == 200)
        #expect(json["Content-Type"] == "application/json")
        #expect(json.json["openapi"].text == "3.1.0")
        let read = try JSONSerialization.jsonObject(with: Data(json.body)) as? NSDictionary
        #expect(read == (try OpenAPISource.document() as NSDictionary))
        let yaml = try await admin.get(
            "/v1/openapi.json", fields: ["Accept: text/html, application/yaml;q=0.9"])
        #expect(yaml["Content-Type"] == "application/yaml")
        #expect(yaml.text == (try OpenAPISource.text()))
        await admin.stop()
    }
}

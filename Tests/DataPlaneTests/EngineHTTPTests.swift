// HTTP/1.1 through a loop: keep-alive, pipelining, bodies both ways.

import Model
import SharedState
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EngineHTTPTests {
    @Test func keepAliveOnBothSides() throws {
        let origin = try EngineOrigin.echo()
        let harness = try EngineHarness(origins: [origin.port])
        let client = try harness.connect()
        for number in 0..<20 {
            client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try #require(client.takeMessage())
            #expect(response.status == 200)
            #expect(response.text == "/\(number) ")
            #expect(response.field("connection") == nil)
        }
        #expect(origin.connectionCount.load(ordering: .relaxed) == 1)
        #expect(harness.gauge(.upstreamIdle, becomes: 1))
        #expect(harness.worker[.requests] == 20)
        #expect(harness.worker[.responses2xx] == 20)
        #expect(harness.worker[.upstreamReuses] == 19)
        client.close()
        #expect(harness.gauge(.clientConnections, becomes: 0))
    }
}

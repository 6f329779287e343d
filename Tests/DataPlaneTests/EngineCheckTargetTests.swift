// Where a check goes when it does not go to the server itself, and who is not checked at all.

import Model
import SharedState
import Testing

@testable import DataPlane

@Suite struct EngineCheckTargetTests {
    /// The verdict of another port, or of another address, is the server's; requests stay with it.
    @Test(arguments: [false, true]) func somebodyElseIsAsked(byAddress: Bool) throws {
        // What the server itself would say is the opposite.
        let (server, asked) = (try CheckedOrigin(.sick), try CheckedOrigin(.well))
        let wrong = try CheckedOrigin(.sick)
        var options = EngineHarness.Options()
        options.check = .quick()
        if byAddress {
            // Then the port is the address's.
            options.check?.port = Int(wrong.port)
            options.changeServer = {
                $0.check.address = SocketAddress(host: .ipv4(0x7F00_0001), port: asked.port)
            }
        } else {
            options.check?.port = Int(asked.port)
        }
        let harness = try EngineHarness(origins: [server.port], options)
        #expect(harness.health(becomes: .up))
        #expect(try harness.ask() == 200)
        asked.set(.sick)
        server.set(.well)
        #expect(harness.health(becomes: .down))
        #expect(harness.finding() == ServerCheckFinding(.wrongStatus, status: 503))
        #expect(try harness.ask() == 503)
        asked.set(.well)
        #expect(harness.health(becomes: .up))
        #expect(try harness.ask() == 200)
        #expect(asked.checkCount > 3 && server.checkCount == 0 && wrong.checkCount == 0)
        #expect(server.requestCount == 2 && asked.requestCount == 0)
    }

    /// Taken for well, and never asked, while another one of the backend goes down.
    @Test func whoIsNotChecked() throws {
        let origins = [try CheckedOrigin(.sick), try CheckedOrigin(.sick)]
        var options = EngineHarness.Options()
        options.check = .quick()
        options.check?.initialState = .down
        options.changeServer = { if $0.name == "s0" { $0.check.isEnabled = false } }
        let harness = try EngineHarness(origins: origins.map(\.port), options)
        #expect(harness.health(1, becomes: .down))
        #expect(Wait.until(5) { origins[1].checkCount >= 3 })
        #expect(harness.health(0) == .unchecked && origins[0].checkCount == 0)
        for _ in 0..<6 { #expect(try harness.ask() == 200) }
        #expect(origins.map(\.requestCount) == [6, 0])
    }
}

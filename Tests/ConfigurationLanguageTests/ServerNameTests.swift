// Servers by the names of their hosts, where connections to them come from, and servers that begin in
// maintenance.

import Foundation
import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct ServerNameTests {
    private func server(_ address: String, _ more: String = "") -> String {
        "version: 1\nfrontends: {f: {bind: '*:80', backend: b}}\n"
            + "backends: {b: {servers: {s: {address: '\(address)'\(more)}}}}"
    }

    @Test(arguments: [
        ("app.internal:8080", "app.internal"), ("APP:1", "app"), ("a-b.c_d.e1:65535", "a-b.c_d.e1"),
        ("example.com.:80", "example.com."), ("9a:80", "9a"), ("10.0.0.x:80", "10.0.0.x"),
    ])
    func names(_ text: String, _ name: String) throws {
        let address = try configuration(server(text)).backends[0].servers[0].address
        #expect(address.named?.name == name && address.fixed == nil)
    }

    @Test(arguments: [
        "app.internal", "app.internal:0", "app.internal:65536", "app.internal:080", "-a:80",
        "a-:80",
        "a..b:80", ".a:80", "10.0.0.256:80", "1.2.3:80", "a b:80", "*.a:80", "a:b:80", "a/b:80",
        String(repeating: "a", count: 64) + ":80",
        String(repeating: "a.", count: 126) + "aa:80",
    ])
    func none(_ text: String) {
        let errors = read(server(text)).errors
        #expect(errors.map(\.pointer) == ["/backends/b/servers/s/address"], "\(errors)")
    }

    /// A check of its own and a logger are reached at addresses.
    @Test func onlyServersHaveNames() {
        let errors = read(server("a:80", ", check: {address: 'b.internal:80'}")).errors
        #expect(errors.map(\.pointer) == ["/backends/b/servers/s/check/address"])
        #expect(errors.first?.message.contains("is not looked up here") == true)
    }

    @Test func settings() throws {
        let text = """
            version: 1
            frontends: {f: {bind: '*:80', backend: b}}
            backends:
              b:
                source: 10.0.0.5
                resolve_interval: 30s
                servers:
                  s: {address: 'a:80', disabled: true}
                  t: {address: '[::1]:80', source: '::1', allow_link_local: true}
            """
        let backend = try configuration(text).backends[0]
        #expect(backend.resolveInterval == .seconds(30))
        #expect(backend.servers.map(\.isDisabled) == [true, false])
        #expect(backend.servers.map(\.source?.description) == ["10.0.0.5", "::1"])
        #expect(backend.servers.map(\.allowsLinkLocal) == [false, true])
        let off = try configuration(text.replacing("30s", with: "off"))
        #expect(off.backends[0].resolveInterval == nil)
        let mixed = read(text.replacing(", source: '::1'", with: "")).errors
        #expect(mixed.map(\.code) == [.mixedFamilies], "\(mixed)")
    }
}

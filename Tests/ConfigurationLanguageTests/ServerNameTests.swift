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

    @Test(
        arguments: [
            ("[last, dns, none]", [InitialAddress.Source.last, .dns], nil),
            ("[dns, last, none]", [.dns, .last], nil), ("[dns, none]", [.dns], nil),
            ("[last, '192.0.2.1']", [.last], "192.0.2.1"),
            ("[dns, last, '2001:db8::1']", [.dns, .last], "2001:db8::1"), ("[none]", [], nil),
            ("['192.0.2.1']", [], "192.0.2.1"),
        ] as [(String, [InitialAddress.Source], String?)])
    func initialAddresses(
        _ text: String, _ sources: [InitialAddress.Source], _ fallback: String?
    ) throws {
        let expected = InitialAddress(
            sources: sources, fallback: fallback.flatMap { SocketAddress.Host($0) })
        let own = try configuration(server("a:80", ", initial_address: \(text)"))
        #expect(own.backends[0].servers[0].initialAddress == expected)
        let inherited = """
            version: 1
            frontends: {f: {bind: '*:80', backend: b}}
            backends:
              b:
                initial_address: \(text)
                servers: {o: {address: 'o:80', initial_address: [dns, none]}, s: {address: 's:80'},
                  t: {address: '192.0.2.7:80'}}
            """
        let servers = try configuration(inherited).backends[0].servers
        #expect(
            servers.map(\.initialAddress) == [
                InitialAddress(sources: [.dns]), expected, InitialAddress(),
            ])
        #expect(read(inherited).warnings == [])
    }

    /// What stands where nothing is looked for, what is said twice, what a list cannot end with.
    @Test(arguments: [
        ("[]", ""), ("none", ""), ("[none, dns]", "/0 /1"), ("[dns, none, last]", "/1 /2"),
        ("[last]", "/0"), ("[dns]", "/0"), ("[last, dns]", "/1"), ("[dns, dns, none]", "/1"),
        ("['192.0.2.1', none]", "/0"), ("[last, dns, none, none]", ""), ("[lats, none]", "/0"),
        ("[libc, none]", "/0"), ("[dns, '192.0.2.1:80']", "/1"), ("[dns, '0.0.0.0']", "/1"),
        ("[dns, 'b.internal']", "/1"), ("[dns, '192.0.2']", "/1"), ("[dns, '169.254.169.254']", ""),
    ])
    func noInitialAddresses(_ text: String, _ places: String) {
        let errors = read(server("a:80", ", initial_address: \(text)")).errors
        let expected = places.split(separator: " ", omittingEmptySubsequences: false).map {
            "/backends/b/servers/s/initial_address\($0)"
        }
        #expect(errors.map(\.pointer) == expected, "\(errors)")
    }

    @Test func initialAddressesAndOthers() {
        let warnings = read(server("192.0.2.7:80", ", initial_address: [none]")).warnings
        #expect(warnings.map(\.pointer) == ["/backends/b/servers/s/initial_address"])
        let mixed = read(
            server("a:80", ", source: '2001:db8::1', initial_address: [dns, '192.0.2.1']")
        ).errors
        #expect(mixed.map(\.code) == [.mixedFamilies], "\(mixed)")
        let linkLocal = ", allow_link_local: true, initial_address: ['169.254.169.254']"
        #expect(read(server("a:80", linkLocal)).errors == [])
    }
}

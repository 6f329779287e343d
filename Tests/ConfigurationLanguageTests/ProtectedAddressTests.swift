// No way of writing a server leads to where only this machine should go.

import Foundation
import JSON
import Model
import Testing

@testable import ConfigurationLanguage

@Suite struct ProtectedAddressTests {
    private static let protected = [
        "169.254.169.254:80", "169.254.0.0:1", "169.254.255.255:1", "[fe80::1]:80",
        "[febf::1]:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::169.254.169.254]:80",
        "100.100.100.200:80", "168.63.129.16:80", "192.0.0.192:80", "[fd00:ec2::254]:80",
        "[fd20:ce::254]:80", "[::ffff:100.100.100.200]:80", "[64:ff9b::168.63.129.16]:80",
    ]

    private func document(_ address: String, _ more: String = "", admin: String = "") -> String {
        "version: 1\n\(admin)frontends: {f: {bind: '*:80', backend: b}}\n"
            + "backends: {b: {servers: {s: {address: '\(address)'\(more)}}}}"
    }

    @Test(arguments: protected)
    func onlyWhoSaysSo(_ address: String) throws {
        let errors = read(document(address)).errors
        #expect(errors.map(\.code) == [.protectedAddress])
        #expect(errors.first?.pointer == "/backends/b/servers/s/address")
        #expect(read(document(address, ", allow_link_local: false")).errors.count == 1)
        let allowed = try configuration(document(address, ", allow_link_local: true"))
        #expect(try configuration(EffectiveDocument(allowed).text().string) == allowed)
    }

    @Test(arguments: [
        "169.253.0.1:80", "169.255.0.1:80", "[fec0::1]:80", "[fe7f::1]:80", "100.100.100.201:80",
        "[fd00:ec1::254]:80", "[fd20:ce::255]:80", "[::ffff:10.0.0.1]:80", "[64:ff9b::10.0.0.1]:80",
    ])
    func othersAreFree(_ address: String) { #expect(read(document(address)).errors == []) }

    @Test(arguments: [
        ("127.0.0.1:9109", "127.0.0.1:9109"), ("127.0.0.1:9109", "localhost:9109"),
        ("127.0.0.1:9109", "[::ffff:127.0.0.1]:9109"), ("[::1]:9109", "[::1]:9109"),
        ("[::ffff:127.0.0.1]:9109", "127.0.0.1:9109"),
    ])
    func noServerIsTheAdminAPI(_ listener: String, _ server: String) {
        let admin = "admin: {metrics: {listen: '\(listener)'}}\n"
        // An IPv4-mapped address is none to listen on without TLS.
        let errors = read(document(server, admin: admin)).errors.filter {
            $0.code != .plaintextListener
        }
        #expect(errors.map(\.code) == [.protectedAddress], "\(errors)")
        let other = server.replacing("9109", with: "9110")
        #expect(
            !read(document(other, admin: admin)).errors.contains { $0.code == .protectedAddress })
    }

    @Test(arguments: ["127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"])
    func everyAddressIsTheLoopbackToo(_ host: String) {
        for listener in ["*:9443", "[::]:9443"] {
            let admin =
                "admin: {tcp: {listen: '\(listener)', tls: {chain: /c, key: /k}, tokens: /t}}\n"
            let errors = read(document("\(host):9443", admin: admin)).errors
            #expect(errors.map(\.code) == [.protectedAddress], "\(listener)")
        }
    }

    /// By an included file, a variable, a file, and pieces of each.
    @Test func noDetourLeadsThere() throws {
        let folder = try TestFolder()
        try folder.write("address", "169.254.169.254:80\n")
        try folder.write("octets", "169.254\n")
        try folder.write(
            "part.yaml", "backends: {b: {servers: {s: {address: '169.254.169.254:80'}}}}")
        let resolver = ReferenceResolver { reference in
            reference.kind == .file
                ? ReferenceResolver.surroundings.resolve(reference)
                : .value(Array("169.254.169.254:80".utf8))
        }
        let path = folder.path
        for address in [
            "${env:A}", "${cred:a}", "${file:\(path)/address}", "${file:\(path)/octets}.169.254:80",
            "[::ffff:${file:\(path)/octets}.169.254]:80",
        ] {
            let source = ConfigurationSource(
                text: ConfigurationText(document(address)), fileName: "a.yaml")
            let errors = source.report(resolving: resolver).errors
            #expect(errors.map(\.code) == [.protectedAddress], "\(address)")
            // A value that may be a secret is not told.
            #expect(errors.allSatisfy { !"\($0)".contains("169.254.169") }, "\(errors)")
        }
        try folder.write("a.yaml", "version: 1\ninclude: [part.yaml]\n")
        let report = try ConfigurationFile.load("\(path)/a.yaml").report()
        #expect(report.errors.map(\.code) == [.protectedAddress])
        #expect(report.errors.first?.file.hasSuffix("part.yaml") == true)
    }

    /// A map says names of backends, and no name is an address.
    @Test func aMapNamesBackendsOnly() throws {
        let folder = try TestFolder()
        for value in ["169.254.169.254:80", "169.254.169.254", "http://169.254.169.254/"] {
            try folder.write("m", "a.example \(value)\n")
            let errors = read(
                """
                version: 1
                maps: {m: {file: \(folder.path)/m}}
                frontends: {f: {bind: '*:80', routes: [{backend_map: m}]}}
                backends: {b: {servers: {s: {address: '10.0.0.1:80'}}}}
                """
            ).errors
            #expect(errors.map(\.code) == [.unknownReference], "\(value): \(errors)")
        }
    }

    /// Whatever field the language has or gets: no text in it alone brings such an address into what
    /// a worker connects to.
    @Test func noFieldOfTheLanguageLeadsThere() throws {
        let address = "169.254.169.254:80"
        let trace = Array("2852039166".utf8)
        func leadsThere(_ document: JSONValue) throws -> Bool {
            let source = ConfigurationSource(
                text: ConfigurationText(bytes: try JSONText.write(document)), fileName: "a.json")
            guard let configuration = source.report().configuration else { return false }
            let bytes = try JSONWriter.encode(configuration.backends)
            return bytes.firstRange(of: trace) != nil
        }
        var count = 0
        for place in SchemaWalk(try SchemaFile()).places where !place.path.isEmpty {
            for value in [JSONValue.string(address), [.string(address)]] {
                #expect(try !leadsThere(place.document(with: value)), "\(place.location)")
                count += 1
            }
        }
        #expect(count > 200)
        // The trace is what there would be to find.
        let allowed = try JSONText.parse(
            Array(
                """
                {"version": 1, "backends": {"b": {"servers": {"s": {"address": "\(address)",
                "allow_link_local": true}}}}}
                """.utf8))
        #expect(try leadsThere(allowed))
    }
}

// The sample: what is supported is read as meant, what is not is refused by name.

import ConfigurationLanguage
import Model
import Testing

@Suite struct SampleTests {
    @Test func fullSampleIsRefusedByNameOnly() {
        let errors = read(Sample.full).errors
        // A text alone has no files beside it.
        #expect(
            errors.filter { $0.code != .notSupportedYet }.map(\.code) == [.fileMissing])
        #expect(
            errors.map(\.pointer) == [
                "/include", "/certificates", "/frontends/https/tls",
            ])
    }

    @Test func supportedSampleIsReadAsMeant() throws {
        let configuration = try configuration(Sample.supported)
        #expect(read(Sample.supported).warnings == [])
        #expect(configuration.process.maxReloads == 5)
        #expect(configuration.process.hardStopAfter == .seconds(12 * 3600))
        #expect(configuration.process.threads == nil)
        #expect(configuration.admin.socketMode == 0o660)
        #expect(configuration.log.accessTo == .journal)
        #expect(configuration.frontends.map(\.name) == ["db_tls", "http", "https"])
        #expect(configuration.backends.map(\.name) == ["api", "pg", "web"])

        let https = configuration.frontends[2]
        #expect(https.bind.map(\.description) == ["0.0.0.0:443", "[::]:443"])
        #expect(https.maxConnections == 40_000)
        #expect(https.timeouts.client == .seconds(31))
        #expect(https.timeouts.httpKeepAlive == .seconds(15))
        #expect(https.forwardedFor == .append)
        #expect(
            https.headers.request == [
                HeaderEdit(
                    action: .set, name: "X-Forwarded-Proto", value: Template(literal: "https"))
            ])
        #expect(https.routes.map(\.id) == ["robots", "route-2", "site", "rest"])
        #expect(https.routes[1].match.pathPrefixes == ["/api"])
        #expect(
            https.routes[2].match.hosts == [.exact("www.example.com"), .suffix(".example.com")])
        #expect(
            https.routes[0].action
                == .respond(
                    LocalResponse(
                        status: 200, contentType: "text/plain",
                        body: Template(literal: "User-agent: *\nDisallow: /api/\n"))))
        #expect(
            configuration.frontends[1].routes[0].action
                == .redirect(Redirect(status: 308, scheme: "https")))
        #expect(
            configuration.frontends[0].routes == [Route(id: "route-1", action: .backend("pg"))])

        let api = configuration.backends[0]
        #expect(api.timeouts.server == .seconds(5))
        #expect(api.timeouts.connect == .seconds(3))
        #expect(api.servers.map(\.address.description) == ["127.0.0.1:8080"])
        #expect(api.servers.map(\.weight) == [100])
        #expect(configuration.backends[2].servers.map(\.weight) == [10, 100])
    }

    @Test func jsonMeansTheSame() throws {
        let json = #"""
            {
            	"version": 1,
            	"log": {"access": {"to": "off"}, "level": "debug"},
            	"frontends": {"web": {"bind": ["*:80"], "routes": [
            		{"match": {"header": {"X-A": null, "X-B": ["1", "2"]}, "method": "GET"},
            		 "respond": {"status": 200, "body": "\ud83d\ude00 \u00e9 \/ \"%{path}\"\n"}},
            		{"backend": "b"}]}},
            	"backends": {"b": {"servers": {"one": {"address": "10.0.0.1:80", "weight": 5}}}}
            }
            """#
        let yaml = #"""
            version: 1
            log: {access: {to: off}, level: debug}
            frontends:
              web:
                bind: '*:80'
                routes:
                - match:
                    header: {X-A: , X-B: [1, 2]}
                    method: GET
                  respond:
                    status: 200
                    body: |
                      😀 é / "%{path}"
                - backend: b
            backends: {b: {servers: {one: {address: 10.0.0.1:80, weight: 5}}}}
            """#
        let fromJSON = try configuration(json)
        #expect(try configuration(yaml) == fromJSON)
        #expect(fromJSON.log.accessTo == .off)
        #expect(
            fromJSON.frontends[0].routes[0].match.headers == [
                ValueMatch(name: "x-a", value: nil), ValueMatch(name: "x-b", value: "1"),
                ValueMatch(name: "x-b", value: "2"),
            ])
    }

    @Test func embeddedConfigurationIsValid() throws {
        guard case .valid(let configuration, let warnings) = EmbeddedConfiguration.source.read()
        else {
            Issue.record("\(EmbeddedConfiguration.source.read().errors)")
            return
        }
        #expect(warnings == [])
        #expect(configuration.frontends.map(\.name) == ["demo-1", "demo-2", "welcome"])
        #expect(
            configuration.frontends.flatMap(\.bind).map(\.description) == [
                "127.0.0.1:8081", "127.0.0.1:8082", "127.0.0.1:8080",
            ])
        guard case .respond(let page) = configuration.frontends[2].routes[1].action else {
            Issue.record("the welcome page is not a local response")
            return
        }
        #expect(page.body.parts.contains(.variable(.generation)))
        let size = page.body.parts.reduce(0) { size, part in
            if case .literal(let text) = part { size + text.utf8.count } else { size }
        }
        #expect((1_000..<6_144).contains(size))
    }

    @Test func digestOfTheText() {
        // FIPS 180-2, B.1.
        #expect(
            ConfigurationText("abc").sha256
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            ConfigurationText("").sha256
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}

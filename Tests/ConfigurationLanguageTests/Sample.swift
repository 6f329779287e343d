// The sample of the language's design: everything that it will have, of which this version has a
// part; and that part alone.

enum Sample {
    static let full = #"""
        # yaml-language-server: $schema=https://schema.example.org/apus/v1.json
        version: 1
        include: [conf.d/*.yaml]
        process: {max_reloads: 5, hard_stop_after: 12h, ready_timeout: 30s, kill_after: 10s,
          threads: auto, max_connections: 50000}
        admin:
          config_source: file
          socket: {path: /run/apus/admin.sock, mode: "0660", group: apus}
          roles: {operate: [group:apus-ops], read: [group:apus]}
          metrics: {listen: "127.0.0.1:9109"}
        log: {access: {to: journal, format: json}, level: info}
        defaults:
          timeouts: {connect: 3s, client: 30s, server: 30s, http_request: 10s,
            http_keep_alive: 15s, queue: 5s, tunnel: 1h}
        certificates:
          site: {chain: /etc/apus/tls/site.pem, key: "${cred:site.key}"}
        rate_limits:
          per_client: {key: client_ip, rate: 100/s, burst: 200, entries: 100k,
            idle: 5m, scope: local}   # or shared
        frontends:
          http:
            bind: ["*:80", "[::]:80"]
            routes: [{id: to-https, redirect: {scheme: https, status: 308}}]
          https:
            bind: ["*:443", "[::]:443"]
            max_connections: 40000
            tls: {certificates: [site], min_version: "1.2", alpn: [h2, http/1.1]}
            headers: {set: {X-Forwarded-Proto: https}, forwarded_for: append}
            routes:                  # first terminal match wins; filters run on the way
              - {id: robots, match: {path: /robots.txt}, respond: {status: 200,
                 type: text/plain, body: "User-agent: *\nDisallow: /api/\n"}}
              - {id: limit, match: {path_prefix: /api/}, rate_limit: {use: per_client, status: 429}}
              - {id: api, match: {host: [api.example.com], path_prefix: /api/}, backend: api}
              - {id: site, match: {host: [www.example.com, example.com]}, backend: web}
              - {id: rest, respond: {status: 404}}
          db_tls:
            mode: tcp
            bind: ["*:8443"]
            routes: [{id: pg, match: {sni: "*.db.example.com"}, backend: pg}]
        backends:
          web:
            balance: round_robin
            stickiness: {cookie: {name: SRV, insert: true, http_only: true, secure: true}}
            check: {http: {path: /health, expect: 200-299}, interval: 2s, rise: 2, fall: 3}
            servers:
              web-1: {address: "10.0.0.11:8080", max_connections: 200, weight: 100}
              web-2: {address: "10.0.0.12:8080", max_connections: 200, weight: 100}
              sorry: {address: "10.0.0.99:8080", backup: true}
          api:
            labels: {owner: team-api}
            balance: least_connections
            queue: {max: 1000, timeout: 2s}
            retries: {count: 2, when: [connect_failure, "503"]}
            check: {http: {path: /ready}, interval: 1s, fall: 2}
            servers:
              api-1: {address: "10.0.1.11:8080", max_connections: 100}
              api-2: {address: "10.0.1.12:8080", max_connections: 100, slow_start: 30s}
          pg:
            mode: tcp
            stickiness: {table: {key: client_ip, entries: 10k, idle: 30m}}
            check: {tcp: {}, interval: 3s}
            servers: {pg-1: {address: "10.0.2.11:5432"},
              pg-2: {address: "10.0.2.12:5432", backup: true}}
        """#

    static let supported = #"""
        # everything of the full sample that is supported
        version: 1
        process:
          {max_reloads: 5, hard_stop_after: 12h, ready_timeout: 30s, kill_after: 10s, threads: auto,
           max_connections: 50000}
        admin:
          config_source: file
          socket: {path: /run/apus/admin.sock, mode: "0660", group: apus}
          metrics: {listen: "127.0.0.1:9109"}
        log: {access: {to: journal, format: json}, level: info}
        defaults:
          timeouts: {connect: 3s, client: 31s, server: 30s, http_request: 10s, tunnel: 1h}
        frontends:
          http:
            bind: ["*:80", "[::]:80"]
            routes: [{id: to-https, redirect: {scheme: https, status: 308}}]
          https:
            bind: ["*:443", "[::]:443"]
            max_connections: 40000
            headers: {set: {X-Forwarded-Proto: https}, forwarded_for: append}
            routes:                                   # first terminal match wins
              - id: robots
                match: {path: /robots.txt}
                respond: {status: 200, type: text/plain, body: "User-agent: *\nDisallow: /api/\n"}
              - {match: {host: [api.example.com], path_prefix: /api/}, backend: api}
              - {id: site, match: {host: [www.example.com, "*.Example.com"]}, backend: web}
              - {id: rest, respond: {status: 404}}
          db_tls:
            mode: tcp
            bind: "*:8443"
            backend: pg
        backends:
          web:
            balance: round_robin
            check: {http: {path: /health, expect: 200-299}, interval: 2s, rise: 2, fall: 3}
            ejection: {max_percent: 30}
            servers:
              web-1: {address: "10.0.0.11:8080", weight: 10, check: {address: "10.0.0.11:81"}}
              web-2: {address: "[2001:db8::12]:8080", labels: {rack: no}}
          api:
            labels: {owner: team-api}
            timeouts: {server: 5s}
            retries: {count: 2, when: [connect_failure, "503"]}
            check:
              http: {method: OPTIONS, path: "/ready?a=1", host: api.example.com,
                headers: {X-Check: "1", Accept: text/plain}, expect: [204, 399-300]}
              port: 9000
              interval: 1s
              fast_interval: 100ms
              down_interval: 5s
              timeout: 900ms
              initial_state: down
              on_marked_down: end_sessions
              on_marked_up: end_backup_sessions
              fall: 2
            on_removed: end_sessions
            servers:
              api-1: {address: "localhost:8080"}
          pg:
            mode: tcp
            check: {tcp: {}, interval: 3s}
            servers:
              pg-1: {address: "10.0.2.11:5432"}
              pg-2: {address: "10.0.2.12:5432", check: {enabled: false}}
        """#
}

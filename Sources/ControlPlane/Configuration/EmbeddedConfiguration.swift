// What `apus run` serves without a file: a page that says what to try next, and a backend of two
// demo servers, which are frontends of the same configuration. Read by the same code as any other.

/// The default configuration of the program.
public enum EmbeddedConfiguration {
    /// Its text, under the name that problems and the API show.
    public static var source: ConfigurationSource {
        ConfigurationSource(text: ConfigurationText(text), fileName: "embedded-default.yaml")
    }

    /// A complete example of the language; `apus run --config FILE` replaces it.
    static let text = #"""
        # The configuration of a first run. Write your own file and start with --config FILE.
        version: 1
        log:
          access: {to: stdout, format: text}
        frontends:
          welcome:
            bind: 127.0.0.1:8080
            routes:
              - id: demo
                match: {path_prefix: /demo}
                backend: demo
              - id: welcome
                match: {path: /}
                headers: {response: {set: {Cache-Control: no-store}}}
                respond:
                  status: 200
                  type: text/html; charset=utf-8
                  body: |
                    <!doctype html>
                    <html lang="en">
                    <head>
                    <meta charset="utf-8">
                    <meta name="viewport" content="width=device-width, initial-scale=1">
                    <title>Apus is flying</title>
                    <style>
                    :root { color-scheme: light dark; --ink: #16202c; --soft: #5b6b7d;
                      --sky: #eaf2fa; --card: #ffffff; --line: #d5e0eb; --mark: #0b63c5; }
                    @media (prefers-color-scheme: dark) { :root { --ink: #e8eef5; --soft: #93a4b7;
                      --sky: #0e151d; --card: #16202b; --line: #263442; --mark: #6db3ff; } }
                    body { margin: 0; min-height: 100vh; display: grid; place-items: center;
                      background: var(--sky); color: var(--ink);
                      font: 17px/1.55 system-ui, sans-serif; }
                    main { width: min(40rem, calc(100vw - 3rem)); padding: 2rem 0; }
                    svg { width: 6rem; fill: var(--mark); }
                    h1 { margin: .4rem 0 .2rem; font-size: 2.1rem; letter-spacing: -.02em; }
                    p { margin: .3rem 0 1.4rem; color: var(--soft); }
                    ol { list-style: none; margin: 0; padding: 0; }
                    li { background: var(--card); border: 1px solid var(--line);
                      border-radius: .7rem; padding: .8rem 1rem; margin-bottom: .7rem; }
                    li span { display: block; color: var(--soft); font-size: .88rem; }
                    code { font: 600 .98rem ui-monospace, monospace; }
                    b { color: var(--mark); font-variant-numeric: tabular-nums; }
                    footer { margin-top: 1.4rem; color: var(--soft); font-size: .82rem;
                      overflow-wrap: anywhere; }
                    </style>
                    </head>
                    <body>
                    <main>
                    <svg viewBox="0 0 120 60" aria-hidden="true"><path d="M60 34C44 14 22 8 2 14c20
                    2 34 10 46 24l-8 16 20-10 20 10-8-16c12-14 26-22 46-24-20-6-42 0-58 20z"/></svg>
                    <h1>Apus is flying</h1>
                    <p>This page comes from generation <b>%{generation}</b>, process %{pid}.
                    Three commands to try next:</p>
                    <ol>
                    <li><code>curl http://127.0.0.1:8080/demo</code>
                    <span>through the proxy to two demo servers, in turn</span></li>
                    <li><code>apus status</code>
                    <span>what the master knows about itself and its workers</span></li>
                    <li><code>apus reload --wait 60s</code>
                    <span>a new generation takes over; watch the number above</span></li>
                    </ol>
                    <footer>request %{request_id} from %{client_ip}</footer>
                    </main>
                    </body>
                    </html>
              - id: nothing-here
                respond: {status: 404, body: "nothing at %{path}, try / or /demo\n"}
          demo-1:
            bind: 127.0.0.1:8081
            routes:
              - id: hello
                respond:
                  body: "demo-1 of generation %{generation}: request %{request_id} for %{path}\n"
          demo-2:
            bind: 127.0.0.1:8082
            routes:
              - id: hello
                respond:
                  body: "demo-2 of generation %{generation}: request %{request_id} for %{path}\n"
        backends:
          demo:
            balance: round_robin
            servers:
              demo-1: {address: "127.0.0.1:8081"}
              demo-2: {address: "127.0.0.1:8082"}
        """#
}

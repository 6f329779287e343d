"""What each product is told, by profile. The three do the same work in each, each in the way that
its own manual recommends for speed: pooled connections to the server, large enough limits.

    plain   one frontend, one server; X-Forwarded-For and X-Forwarded-Proto; no log
    full    20 routes (the request takes the 14th), 5 header rules, an access log as JSON in a file,
            counters, a rate limit by client address that is looked at and never reached
    tcp     bytes both ways
    queue   as plain, with 8 connections to the server at most
"""

ROUTES = 20
# The last of them could be luck or bad luck, the first is nobody's.
FULL_TARGET = "/service-13/items/4711?page=2"


def apus(product, profile):
    log = f"{{to: {product.folder}/access.log, format: json}}" if profile == "full" else "{to: off}"
    limit = "max_connections: 8" if profile == "queue" else ""
    main = f'bind: "127.0.0.1:{product.port}"'
    server = f'address: "127.0.0.1:{product.server_port}"'
    limits = ""
    if profile == "full":
        limited = "{id: limit, rate_limit: {use: per_client, status: 429}}"
        routes = [] if product.without_limit else [limited]
        routes += [
            f"{{id: route-{number}, match: {{path_prefix: /service-{number}}}, backend: server}}"
            for number in range(ROUTES)]
        if not product.without_limit:
            limits = ("rate_limits: {per_client: {key: client_ip, rate: 100000/s, "
                      "burst: 100000, entries: 100k}}")
        main += """
    headers:
      set: {X-Request-ID: "%{request_id}", X-Frontend: bench}
      remove: X-Debug
      response: {remove: X-Powered-By, set: {X-Served-By: bench}}
    routes:
""" + "\n".join(f"      - {route}" for route in routes)
    else:
        main += "\n    backend: server" + ("\n    mode: tcp" if profile == "tcp" else "")
    mode = "mode: tcp," if profile == "tcp" else ""
    # As the others are told: any request over any connection.
    reuse = "" if profile == "tcp" else " reuse: {policy: always},"
    return f"""version: 1
process: {{threads: {product.threads}, max_reloads: 50, probation: 100ms, reload_rate: 1000/s,
  max_connections: {product.clients_max}}}
log: {{access: {log}}}
defaults: {{timeouts: {{http_keep_alive: 600s}}}}
{limits}
frontends:
  main:
    {main}
  who:
    bind: "127.0.0.1:{product.who_port}"
    routes: [{{id: who, respond: {{body: "%{{generation}}"}}}}]
backends:
  server: {{{mode}{reuse} servers: {{one: {{{server}{", " + limit if limit else ""}}}}}}}
"""


HAPROXY_LOG = (
    r'''log-format '{"time":"%[date,utime(%Y-%m-%dT%H:%M:%S)]","client_ip":"%ci",'''
    r'''"client_port":%cp,"frontend":"%f","backend":"%b","server":"%s","method":"%HM",'''
    r'''"path":"%[capture.req.uri,json(utf8s)]","status":%ST,"bytes_out":%B,"request_ms":%TR,'''
    r'''"connect_ms":%Tc,"response_ms":%Tr,"total_ms":%Ta,"termination":"%ts",'''
    r'''"host":"%[capture.req.hdr(0),json(utf8s)]",'''
    r'''"user_agent":"%[capture.req.hdr(1),json(utf8s)]",'''
    r'''"referer":"%[capture.req.hdr(2),json(utf8s)]"}' ''')


def haproxy(product, profile):
    mode = "tcp" if profile == "tcp" else "http"
    reuse = "" if profile == "tcp" else "http-reuse always"
    splice = "option splice-auto" if profile == "tcp" else "option splice-response"
    splice = splice if product.splices else ""
    log, rules = "", "default_backend server"
    forwarded = "" if profile == "tcp" else """option forwardfor
    http-request set-header X-Forwarded-Proto http"""
    limit = "maxconn 8" if profile == "queue" else ""
    if profile == "full":
        # One buffered file, its cheapest way of logging; a datagram a request is its usual one.
        log = "log stdout format raw local0"
        table = "\n".join(f"/service-{number} server" for number in range(ROUTES))
        (product.folder / "routes.map").write_text(table + "\n")
        rules = f"""log global
    {HAPROXY_LOG}
    http-request capture hdr(host) len 64
    http-request capture hdr(user-agent) len 256
    http-request capture hdr(referer) len 256
    stick-table type ip size 100k expire 5m store http_req_rate(10s)
    http-request track-sc0 src
    http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 100000000 }}
    http-request set-header X-Request-ID %[uuid()]
    http-request set-header X-Frontend bench
    http-request del-header X-Debug
    http-response del-header X-Powered-By
    http-response set-header X-Served-By bench
    use_backend %[path,map_beg({product.folder}/routes.map)]"""
    return f"""
global
    nbthread {product.threads}
    maxconn {product.clients_max}
    tune.bufsize 16384
    {log}
defaults
    mode {mode}
    timeout connect 3s
    timeout client 600s
    timeout server 30s
    timeout queue 30s
    timeout http-keep-alive 600s
    {reuse}
    {splice}
frontend main
    bind 127.0.0.1:{product.port}
    {forwarded}
    {rules}
frontend who
    mode http
    bind 127.0.0.1:{product.who_port}
    http-request return status 200 content-type text/plain lf-string "%pid"
backend server
    server one 127.0.0.1:{product.server_port} {limit}
"""


def nginx(product, profile):
    stream, full, outer, limit = "", "", "access_log off;", ""
    forwarded = """proxy_pass http://server;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;"""
    locations = f"location / {{ {forwarded} }}"
    if profile == "full":
        outer = f"""log_format json escape=json
            '{{"time":"$time_iso8601","request_id":"$request_id",'
            '"client_ip":"$remote_addr","client_port":$remote_port,"server":"$upstream_addr",'
            '"method":"$request_method","host":"$host","path":"$request_uri","status":$status,'
            '"bytes_in":$request_length,"bytes_out":$bytes_sent,"total_s":$request_time,'
            '"connect_s":"$upstream_connect_time","response_s":"$upstream_header_time",'
            '"user_agent":"$http_user_agent","referer":"$http_referer"}}';
    access_log {product.folder}/access.log json buffer=32k flush=200ms;
    limit_req_zone $binary_remote_addr zone=per_client:10m rate=1000000r/s;"""
        forwarded += """
            limit_req zone=per_client burst=1000000 nodelay;
            proxy_set_header X-Request-ID $request_id;
            proxy_set_header X-Frontend bench;
            proxy_set_header X-Debug "";
            proxy_hide_header X-Powered-By;
            add_header X-Served-By bench;"""
        locations = "\n".join(
            f"        location /service-{number} {{ {forwarded} }}" for number in range(ROUTES))
    main = f"server {{ listen 127.0.0.1:{product.port}; {locations} }}"
    if profile == "tcp":
        main = ""
        stream = f"""stream {{
    server {{ listen 127.0.0.1:{product.port}; proxy_pass 127.0.0.1:{product.server_port}; }}
}}"""
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    return f"""
{f"load_module {module};" if stream else ""}
daemon off;
{"master_process off;" if product.wrapper else ""}
user {product.user};
worker_processes {product.threads};
pid {product.folder}/pid;
error_log {product.folder}/error.log;
events {{ worker_connections {product.clients_max}; }}
http {{
    {outer}
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_body_temp_path {product.folder}/a;
    proxy_temp_path {product.folder}/b;
    fastcgi_temp_path {product.folder}/c;
    uwsgi_temp_path {product.folder}/d;
    scgi_temp_path {product.folder}/e;
    upstream server {{
        server 127.0.0.1:{product.server_port} {limit};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    {main}
    server {{
        listen 127.0.0.1:{product.who_port};
        location / {{ default_type text/plain; return 200 "$pid"; }}
    }}
}}
{stream}
"""

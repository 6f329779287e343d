// The OpenAPI document, made from api/openapi.yaml by `make generate`; a test holds the
// two equal. Not to be edited here.
// swift-format-ignore-file

enum OpenAPIDocument {
    static let json = #"""
{
 "openapi": "3.1.0",
 "info": {
  "title": "Apus admin API",
  "version": "1",
  "summary": "Drives and watches the master of an Apus proxy.",
  "description": "HTTP/1.1 with JSON on a unix socket: `curl --unix-socket /run/apus/admin.sock http://localhost/v1`,\nand by TLS where `admin.tcp` of the configuration says so, with a bearer token or a certificate.\nField names are snake_case, run-time enums UPPER_CASE, times RFC 3339 UTC with milliseconds.\nZero, false and null are always present. Unknown request fields and query parameters are refused.\nMutations need `Content-Type: application/json`, even with an empty body. Every answer has\n`X-Request-Id`; a request's own is kept if it is 1 to 64 of `[A-Za-z0-9._-]`.\nHEAD is understood wherever GET is. Bodies may have 1 MiB, unless an operation says more.\nGET needs the role read, everything else operate, unless `x-role` says otherwise; where there is\nnone (`security: []`) everybody may ask. 403 may be the answer to any request: `forbidden-role`,\nand `forbidden-origin` to what looks like a web page's (Origin, Sec-Fetch-Site, an unknown Host),\n`forbidden-path` to a token that is good for other paths. 401 and 429 `too-many-failures` are\nanswers to those who come by TCP.\n"
 },
 "servers": [
  {
   "url": "http://localhost",
   "description": "The unix socket; any host without a dot or under localhost and any address will do, and the kernel says who asks."
  },
  {
   "url": "https://{host}:{port}",
   "description": "`admin.tcp`, if it is configured.",
   "variables": {"host": {"default": "proxy-1.example.com"}, "port": {"default": "9443"}}
  }
 ],
 "security": [{}, {"token": []}, {"certificate": []}],
 "paths": {
  "/healthz": {
   "get": {
    "operationId": "getHealth",
    "security": [],
    "summary": "Whether the master makes progress",
    "parameters": [{"$ref": "#/components/parameters/verbose"}],
    "responses": {
     "200": {"$ref": "#/components/responses/Health"},
     "400": {"$ref": "#/components/responses/Problem"},
     "403": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/readyz": {
   "get": {
    "operationId": "getReadiness",
    "security": [],
    "summary": "Whether exactly one generation serves",
    "description": "A failed reload does not unready; shutting down does.",
    "parameters": [{"$ref": "#/components/parameters/verbose"}],
    "responses": {
     "200": {"$ref": "#/components/responses/Health"},
     "400": {"$ref": "#/components/responses/Problem"},
     "403": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/metrics": {
   "get": {
    "operationId": "getMetrics",
    "summary": "Metrics for Prometheus",
    "description": "Text format 0.0.4. The names are those of docs/metrics.md.",
    "responses": {
     "200": {
      "description": "One scrape.",
      "content": {
       "text/plain": {
        "schema": {"type": "string"},
        "example": "# HELP apus_config_last_reload_successful 1 if the last reload succeeded, 0 if it failed.\n# TYPE apus_config_last_reload_successful gauge\napus_config_last_reload_successful 1\n"
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1": {
   "get": {
    "operationId": "getIndex",
    "summary": "All routes",
    "responses": {
     "200": {
      "description": "The routes of this master.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["version", "routes"],
         "properties": {
          "version": {"type": "string", "examples": ["0.1.0"]},
          "routes": {
           "type": "array",
           "items": {
            "type": "object",
            "required": ["method", "path", "query", "summary", "role"],
            "properties": {
             "method": {"type": "string"},
             "path": {"type": "string"},
             "query": {"type": "array", "items": {"type": "string"}},
             "summary": {"type": "string"},
             "role": {
              "description": "The least role that may use it; null for everybody.",
              "enum": ["read", "operate", "admin", null]
             }
            }
           }
          }
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/openapi.json": {
   "get": {
    "operationId": "getOpenAPI",
    "summary": "This API as an OpenAPI 3.1 document",
    "description": "As JSON, or as it is written with `Accept: application/yaml`.",
    "responses": {
     "200": {
      "description": "The document.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["openapi", "info", "paths"],
         "properties": {"openapi": {"const": "3.1.0"}}
        }
       },
       "application/yaml": {"schema": {"type": "string"}}
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/schema/config.json": {
   "get": {
    "operationId": "getConfigSchema",
    "summary": "The JSON Schema of the configuration",
    "description": "JSON Schema 2020-12, the same as `api/config.schema.json` and `apus config schema`.",
    "responses": {
     "200": {
      "description": "The schema.",
      "content": {
       "application/schema+json": {
        "schema": {
         "type": "object",
         "required": ["$schema", "$id", "title", "type", "properties", "$defs"],
         "properties": {
          "$schema": {"const": "https://json-schema.org/draft/2020-12/schema"},
          "$id": {"const": "urn:apus:schema:config:1"},
          "title": {"type": "string"},
          "type": {"const": "object"},
          "properties": {"type": "object"},
          "$defs": {"type": "object"}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/status": {
   "get": {
    "operationId": "getStatus",
    "summary": "Desired and applied state",
    "responses": {
     "200": {
      "description": "The state of the master.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/stats": {
   "get": {
    "operationId": "getStats",
    "summary": "Totals over all generations",
    "description": "Live and retired ones, since the master started; totals never fall while it runs.",
    "responses": {
     "200": {
      "description": "The totals.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["instance_id", "since", "taken_at", "totals", "now"],
         "properties": {
          "instance_id": {"type": "string"},
          "since": {"$ref": "#/components/schemas/Time"},
          "taken_at": {"$ref": "#/components/schemas/Time"},
          "totals": {
           "type": "object",
           "additionalProperties": {"type": "integer"},
           "examples": [{"requests": 4711, "responses_2xx": 4700, "bytes_in": 918221}]
          },
          "now": {
           "type": "object",
           "required": ["client_connections", "exchanges", "tunnels"],
           "properties": {
            "client_connections": {"type": "integer"},
            "exchanges": {"type": "integer"},
            "tunnels": {"type": "integer"}
           }
          }
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/page": {
   "get": {
    "operationId": "getPage",
    "summary": "The status page, for people",
    "description": "One HTML document without scripts, to be looked at: what wants attention, generations, workers, frontends,\nbackends with their servers, totals. Its size is bounded; where it leaves something out it names the\npath that has all of it. Programs ask the other operations: nothing in it is part of this contract.\n",
    "parameters": [
     {
      "name": "backend",
      "in": "query",
      "description": "Only this backend.",
      "schema": {"$ref": "#/components/schemas/Name"}
     },
     {
      "name": "refresh",
      "in": "query",
      "description": "After how many seconds the browser asks again; never unless given.",
      "schema": {"type": "integer", "minimum": 5, "maximum": 3600, "examples": [5]}
     }
    ],
    "responses": {
     "200": {
      "description": "The page.",
      "headers": {
       "Cache-Control": {"required": true, "schema": {"const": "no-store"}},
       "Content-Security-Policy": {
        "description": "The page's own style, by its digest, and nothing else.",
        "required": true,
        "schema": {"type": "string", "pattern": "^default-src 'none'; style-src 'sha256-"}
       },
       "X-Content-Type-Options": {"required": true, "schema": {"const": "nosniff"}},
       "Referrer-Policy": {"required": true, "schema": {"const": "no-referrer"}}
      },
      "content": {"text/html": {"schema": {"type": "string"}}}
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/events": {
   "get": {
    "operationId": "watchEvents",
    "summary": "What happens, as a stream",
    "description": "Server-sent events, or one JSON object a line with `Accept: application/x-ndjson`. Without\n`Last-Event-ID` the stream begins with the next event; with it, after that one. The last 4096\nevents are kept; if some in between are lost, the first is `stream.gap`. Ids grow, also over\nrestarts of the master. A heartbeat comes after 15 s of silence (a comment, or\n`{\"type\":\"stream.heartbeat\"}`). A client that takes nothing for 10 s is closed.\n",
    "parameters": [
     {
      "name": "type",
      "in": "query",
      "description": "Types, separated by commas; `generation.*` is all that begin so; none is all.",
      "allowEmptyValue": true,
      "style": "form",
      "explode": false,
      "schema": {
       "type": "array",
       "minItems": 1,
       "items": {
        "anyOf": [
         {"$ref": "#/components/schemas/Event/properties/type"},
         {"enum": ["*", "config.*", "generation.*", "reload.*"]}
        ]
       },
       "examples": [["generation.*", "reload.failed"]]
      }
     },
     {
      "name": "follow",
      "in": "query",
      "allowEmptyValue": true,
      "description": "`false` ends the stream with the last event that happened before the request; without\n`Last-Event-ID` it begins with the oldest that is kept, after a `stream.gap`.\n",
      "schema": {"type": "boolean", "default": true}
     },
     {
      "name": "Last-Event-ID",
      "in": "header",
      "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}
     }
    ],
    "responses": {
     "200": {
      "description": "The stream; it ends when the master stops, or as `follow` says.",
      "content": {
       "text/event-stream": {
        "schema": {"$ref": "#/components/schemas/EventFrame"},
        "example": "id: 1795219804182\nevent: generation.sigterm\ndata: {\"at\":\"2026-11-21T00:10:03.412Z\",\"generation\":7,\"reason\":\"MAX_RELOADS\",\"reloads\":6,\"max_reloads\":5}\n"
       },
       "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Event"}}
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {
      "description": "`too-many-watchers`.",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/v1/backends": {
   "get": {
    "operationId": "listBackends",
    "summary": "All backends, by name",
    "description": "Of the generation that serves.",
    "parameters": [{"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/cursor"}],
    "responses": {
     "200": {
      "description": "A page of backends.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["items", "next_cursor"],
         "properties": {
          "items": {"type": "array", "items": {"$ref": "#/components/schemas/Backend"}},
          "next_cursor": {"type": ["string", "null"]}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "403": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/backends/{backend}": {
   "get": {
    "operationId": "getBackend",
    "summary": "One backend",
    "parameters": [{"$ref": "#/components/parameters/backend"}],
    "responses": {
     "200": {
      "description": "The backend.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Backend"}}}
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/backends/{backend}/servers": {
   "get": {
    "operationId": "listServers",
    "summary": "The servers of a backend, by name",
    "parameters": [
     {"$ref": "#/components/parameters/backend"},
     {"$ref": "#/components/parameters/limit"},
     {"$ref": "#/components/parameters/cursor"}
    ],
    "responses": {
     "200": {
      "description": "A page of servers.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["items", "next_cursor"],
         "properties": {
          "items": {"type": "array", "items": {"$ref": "#/components/schemas/Server"}},
          "next_cursor": {"type": ["string", "null"]}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/backends/{backend}/servers/{server}": {
   "get": {
    "operationId": "getServer",
    "summary": "One server",
    "parameters": [{"$ref": "#/components/parameters/backend"}, {"$ref": "#/components/parameters/server"}],
    "responses": {
     "200": {
      "description": "The server.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Server"}}}
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   },
   "patch": {
    "operationId": "changeServer",
    "summary": "Change a server at run time",
    "description": "What is set is on the disk before this is answered, and holds over reloads, crashes and restarts\nof the master, until it is taken back with null, or until a new configuration says something\nelse about the same thing or has no such server. What is not named stays as it is. Workers act\non it within milliseconds. Where the state directory cannot be written the answer is 503\n`store-failed`, and nothing has happened.\n",
    "parameters": [{"$ref": "#/components/parameters/backend"}, {"$ref": "#/components/parameters/server"}],
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {"$ref": "#/components/schemas/ServerChange"},
       "examples": {
        "maintenance": {"value": {"admin_state": "MAINT"}},
        "half": {"value": {"admin_state": "READY", "weight": 50, "max_connections": 200}},
        "moved": {"value": {"address": "10.0.0.12:8080"}},
        "as_configured": {
         "value": {"admin_state": null, "address": null, "weight": null, "max_connections": null}
        }
       }
      },
      "application/merge-patch+json": {"schema": {"$ref": "#/components/schemas/ServerChange"}}
     }
    },
    "responses": {
     "200": {
      "description": "The server as it is now.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Server"}}}
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/backends/{backend}/servers/{server}/sessions/kill": {
   "post": {
    "operationId": "killSessionsOfServer",
    "summary": "End the sessions of a server",
    "description": "Exchanges and TCP connections that the server has, or that are on their way to it. A client that\nhas no byte of an answer yet gets 503, another one an end of its connection.\n",
    "parameters": [{"$ref": "#/components/parameters/backend"}, {"$ref": "#/components/parameters/server"}],
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
         "client": {"$ref": "#/components/schemas/ClientFilter"},
         "min_age": {"$ref": "#/components/schemas/MinAge"},
         "max": {"type": ["integer", "null"], "minimum": 1, "maximum": 10000000}
        }
       },
       "examples": {"all": {"value": {}}, "old": {"value": {"min_age": "10m", "max": 100}}}
      }
     }
    },
    "responses": {
     "200": {"$ref": "#/components/responses/SessionCount"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/generations": {
   "get": {
    "operationId": "listGenerations",
    "summary": "All generations, newest first",
    "parameters": [
     {"name": "phase", "in": "query", "schema": {"$ref": "#/components/schemas/Phase"}},
     {
      "name": "status",
      "in": "query",
      "schema": {"$ref": "#/components/schemas/GenerationStatus"}
     },
     {
      "name": "sigterm_sent",
      "in": "query",
      "allowEmptyValue": true,
      "schema": {"type": "boolean"}
     },
     {"$ref": "#/components/parameters/limit"},
     {"$ref": "#/components/parameters/cursor"},
     {"$ref": "#/components/parameters/since"},
     {"$ref": "#/components/parameters/wait"}
    ],
    "responses": {
     "200": {
      "description": "A page of generations.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["items", "next_cursor", "seq"],
         "properties": {
          "items": {"type": "array", "items": {"$ref": "#/components/schemas/Generation"}},
          "next_cursor": {"type": ["string", "null"]},
          "seq": {"$ref": "#/components/schemas/CollectionSequence"}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/generations/current": {
   "get": {
    "operationId": "getServingGeneration",
    "summary": "The generation that serves",
    "responses": {
     "200": {"$ref": "#/components/responses/Generation"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/generations/{n}": {
   "get": {
    "operationId": "getGeneration",
    "summary": "One generation",
    "parameters": [{"$ref": "#/components/parameters/n"}],
    "responses": {
     "200": {"$ref": "#/components/responses/Generation"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/generations/{n}/logs": {
   "get": {
    "operationId": "getGenerationLogs",
    "summary": "The last lines that a generation's workers wrote",
    "description": "At most 50 a worker, oldest first; kept for the last 50 generations.",
    "parameters": [{"$ref": "#/components/parameters/n"}],
    "responses": {
     "200": {
      "description": "The lines.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["generation", "items", "next_cursor"],
         "properties": {
          "generation": {"type": "integer"},
          "items": {"type": "array", "items": {"type": "string"}},
          "next_cursor": {"type": "null"}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/logs/reopen": {
   "post": {
    "operationId": "reopenLogs",
    "summary": "Open the access logs anew, after they were renamed",
    "description": "For logrotate: opens every file, and every socket to a logger, that a generation with a worker left writes its\naccess log to, and sends it to the workers, leavers too. Lines that are on their way may come to the old file\nfor a moment; none is lost. A file that cannot be opened (`access-log-failed`) keeps its workers at the old\none; the others are opened all the same.\n",
    "requestBody": {"$ref": "#/components/requestBodies/Empty"},
    "responses": {
     "200": {
      "description": "What was opened.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["destinations", "workers"],
         "properties": {
          "destinations": {
           "type": "array",
           "items": {"type": "string"},
           "description": "Files by their paths, `journal` and `syslog`; not what needs no opening.",
           "examples": [["/var/log/apus/access.log"]]
          },
          "workers": {"type": "integer", "description": "Those that were told."}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/generations/{n}/terminate": {
   "post": {
    "operationId": "terminateGeneration",
    "summary": "SIGTERM now to a generation that does not serve",
    "parameters": [{"$ref": "#/components/parameters/n"}],
    "requestBody": {"$ref": "#/components/requestBodies/Empty"},
    "responses": {
     "202": {"$ref": "#/components/responses/Generation"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "409": {
      "description": "`generation-serving` or `generation-exited`.",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/sessions/kill": {
   "post": {
    "operationId": "killSessions",
    "summary": "End the sessions that fit",
    "description": "A session that fits all filters ends; at least one filter is needed. With a backend a session is\nan exchange or a TCP connection that has one of its servers or waits for one; without, it is a\nclient's connection. The answer comes when the connections to servers are closed and the clients\ntold, a second later at the latest.\n",
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "type": "object",
        "additionalProperties": false,
        "required": ["max"],
        "anyOf": [
         {"required": ["generation"]},
         {"required": ["backend"]},
         {"required": ["client"]},
         {"required": ["min_age"]}
        ],
        "properties": {
         "generation": {"type": ["integer", "null"], "minimum": 1, "maximum": 2147483647},
         "backend": {"type": ["string", "null"], "maxLength": 200},
         "server": {
          "description": "Of the backend, which must be named then.",
          "type": ["string", "null"],
          "maxLength": 200
         },
         "client": {"$ref": "#/components/schemas/ClientFilter"},
         "min_age": {"$ref": "#/components/schemas/MinAge"},
         "max": {
          "description": "At most so many are ended.",
          "type": "integer",
          "minimum": 1,
          "maximum": 10000000
         }
        }
       },
       "examples": {
        "of_a_server": {"value": {"backend": "echo", "server": "one", "max": 1000}},
        "of_a_client": {"value": {"client": "203.0.113.0/24", "min_age": "1h", "max": 1000}}
       }
      }
     }
    },
    "responses": {
     "200": {"$ref": "#/components/responses/SessionCount"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/reloads": {
   "get": {
    "operationId": "listReloads",
    "summary": "All reloads, newest first",
    "parameters": [
     {"name": "status", "in": "query", "schema": {"$ref": "#/components/schemas/ReloadStatus"}},
     {"$ref": "#/components/parameters/limit"},
     {"$ref": "#/components/parameters/cursor"},
     {"$ref": "#/components/parameters/since"},
     {"$ref": "#/components/parameters/wait"}
    ],
    "responses": {
     "200": {
      "description": "A page of reloads.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["items", "next_cursor", "seq"],
         "properties": {
          "items": {"type": "array", "items": {"$ref": "#/components/schemas/Reload"}},
          "next_cursor": {"type": ["string", "null"]},
          "seq": {"$ref": "#/components/schemas/CollectionSequence"}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   },
   "post": {
    "operationId": "createReload",
    "summary": "Reload the configuration",
    "description": "Reloads are serialised: one runs, one waits, a newer one supersedes the waiting one.\nWithout `wait` the answer is 202. With it: 200 after a success, a problem with the reload in\n`operation` after a failure, 202 with the record as it is when the time is over. Both 200\nand 202 are said when the record is on disk.\n\nMore than `process.reload_rate` (2/s, after a burst of 20) is 429; reloads by signal are not\ncounted. With `Idempotency-Key` the same request of the same user is carried out once within\n24 hours, also over a restart of the master: again, it is answered with the stored status\nand body and `Idempotency-Replayed: true`. Requests are the same if mode, reason, `if_changed`\nand `on_busy` are; how long somebody waits does not matter. 429, 409 and 503 before there is\na reload are not stored.\n",
    "parameters": [
     {"$ref": "#/components/parameters/wait"},
     {"$ref": "#/components/parameters/wait_for"},
     {"$ref": "#/components/parameters/Prefer"},
     {
      "name": "Idempotency-Key",
      "in": "header",
      "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["d-7781"]}
     }
    ],
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
         "mode": {"$ref": "#/components/schemas/ReloadMode"},
         "reason": {
          "description": "One line, without control characters and marks of direction.",
          "type": ["string", "null"],
          "maxLength": 500,
          "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$",
          "examples": ["deploy 7781"]
         },
         "if_changed": {
          "type": "boolean",
          "default": false,
          "description": "If text and references are what the serving generation runs, the reload is\nSUCCEEDED with `unchanged: true` after VALIDATE, and there is no new generation.\n"
         },
         "on_busy": {
          "enum": ["queue", "reject"],
          "default": "queue",
          "description": "`reject`: 409 `reload-in-progress` while another runs or waits."
         }
        }
       },
       "examples": {"deploy": {"value": {"mode": "SOFT", "reason": "deploy 7781"}}}
      }
     }
    },
    "responses": {
     "200": {"$ref": "#/components/responses/Reload"},
     "202": {
      "description": "Recorded, not finished.",
      "headers": {
       "Location": {"schema": {"type": "string", "examples": ["/v1/reloads/rl_01JD5K8Q"]}},
       "Idempotency-Replayed": {"schema": {"const": "true"}}
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reload"}}}
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "409": {
      "description": "`reload-in-progress` or `idempotency-in-flight`.",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "`too-many-reloads`.",
      "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {
      "description": "The reload failed, or the request body has an error.",
      "content": {
       "application/problem+json": {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {
         "invalid": {
          "value": {
           "type": "urn:apus:problem:config-invalid",
           "title": "Configuration rejected",
           "status": 422,
           "detail": "1 error; generation 13 keeps serving revision 42",
           "code": "config-invalid",
           "request_id": "7ZK3N5Q2W8RT4B6C",
           "errors": [
            {
             "code": "unknown-field",
             "severity": "error",
             "file": "conf.d/api.yaml",
             "line": 14,
             "column": 9,
             "pointer": "/backends/api/servers/api-1/wieght",
             "message": "unknown field",
             "suggestion": "weight",
             "owner": "team-api"
            }
           ],
           "serving_generation": 13,
           "serving_revision": 42,
           "operation": {
            "id": "rl_01JD5K8Q",
            "kind": "reload",
            "status": "FAILED",
            "mode": "SOFT",
            "trigger": {
             "source": "api",
             "principal": "uid:0",
             "reason": "deploy 7781",
             "idempotency_key": null
            },
            "config_revision": null,
            "from_generation": 13,
            "to_generation": null,
            "created_at": "2026-11-21T00:31:10.020Z",
            "finished_at": "2026-11-21T00:31:10.041Z",
            "duration_ms": 21,
            "steps": [{"name": "VALIDATE", "status": "FAILED", "ms": 21}],
            "sigterm_sent_to": [],
            "unchanged": false,
            "superseded_by": null,
            "error": {
             "code": "config-invalid",
             "detail": "the configuration is not valid",
             "pointer": "/backends/api/servers/api-1/wieght",
             "errors": []
            },
            "log_tail": []
           }
          }
         }
        }
       }
      }
     },
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/reloads/{id}": {
   "get": {
    "operationId": "getReload",
    "summary": "One reload",
    "description": "With `wait` the answer comes when the reload is final or the time is over.",
    "parameters": [
     {"$ref": "#/components/parameters/id"},
     {"$ref": "#/components/parameters/wait"},
     {"$ref": "#/components/parameters/wait_for"},
     {"$ref": "#/components/parameters/Prefer"}
    ],
    "responses": {
     "200": {"$ref": "#/components/responses/Reload"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   },
   "delete": {
    "operationId": "cancelReload",
    "summary": "Cancel a reload that is queued or has not reached SWITCH",
    "parameters": [{"$ref": "#/components/parameters/id"}],
    "requestBody": {"$ref": "#/components/requestBodies/Empty"},
    "responses": {
     "202": {"$ref": "#/components/responses/Reload"},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "409": {
      "description": "`reload-finished` or `reload-switching`.",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/reloads/{id}/logs": {
   "get": {
    "operationId": "getReloadLogs",
    "summary": "The last lines that the workers of a reload wrote",
    "parameters": [{"$ref": "#/components/parameters/id"}],
    "responses": {
     "200": {
      "description": "The lines, oldest first.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["reload", "items", "next_cursor"],
         "properties": {
          "reload": {"type": "string"},
          "items": {"type": "array", "items": {"type": "string"}},
          "next_cursor": {"type": "null"}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/audit": {
   "get": {
    "operationId": "listAudit",
    "x-role": "admin",
    "summary": "Changes and refusals, newest first",
    "description": "A line for every request that was let through to change something, written before it is\nanswered, and for every one that was refused (401, 403). The last 10,000 are kept.\n",
    "parameters": [
     {"$ref": "#/components/parameters/limit"},
     {"$ref": "#/components/parameters/cursor"},
     {
      "name": "since",
      "in": "query",
      "description": "The `seq` of a line, for what came after it; or a duration, for what is not older.",
      "schema": {"type": "string", "examples": ["24h", "4711"]}
     },
     {"name": "principal", "in": "query", "schema": {"type": "string", "examples": ["uid:0"]}},
     {"name": "outcome", "in": "query", "schema": {"$ref": "#/components/schemas/AuditOutcome"}}
    ],
    "responses": {
     "200": {
      "description": "A page of the audit.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["items", "next_cursor"],
         "properties": {
          "items": {"type": "array", "items": {"$ref": "#/components/schemas/AuditLine"}},
          "next_cursor": {"type": ["string", "null"]}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "500": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/config": {
   "get": {
    "operationId": "getConfig",
    "summary": "The configuration that is served",
    "description": "The document itself. `view=written` is what the author wrote, as JSON, or with\n`Accept: application/yaml` the text as it was loaded, comments included; `view=effective` has\nevery default filled in. `X-Config-Revision` says which revision it is.\n",
    "parameters": [{"$ref": "#/components/parameters/view"}, {"$ref": "#/components/parameters/IfNoneMatch"}],
    "responses": {
     "200": {
      "description": "The document.",
      "headers": {
       "ETag": {"schema": {"type": "string"}},
       "X-Config-Revision": {"schema": {"type": "integer"}}
      },
      "content": {
       "application/json": {
        "schema": {"type": "object"},
        "examples": {
         "written": {
          "value": {
           "version": 1,
           "backends": {"web": {"servers": {"web-1": {"address": "10.0.0.11:8080"}}}}
          }
         }
        }
       },
       "application/yaml": {"schema": {"type": "string"}}
      }
     },
     "304": {"description": "It is what If-None-Match names."},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/config/validate": {
   "post": {
    "operationId": "validateConfig",
    "x-role": "read",
    "summary": "What a configuration would change; nothing happens",
    "description": "Without a configuration in the body, the master's own file as it is on disk now. Each change\nagainst the revision that is served has an impact, the lightest way in which it can be applied;\n`apply` is what this version does. The answer comes without any file, socket or log being\ntouched. Level `probe` needs the role operate: it starts a throwaway worker that goes to READY\nwithout listeners and is ended; one at a time. A body may have 10 MB.\n",
    "parameters": [
     {
      "name": "level",
      "in": "query",
      "description": "How deep; each level contains those before it. `schema` compares nothing.",
      "schema": {"enum": ["schema", "semantic", "probe"], "default": "semantic"}
     }
    ],
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "type": "object",
        "additionalProperties": false,
        "properties": {"config": {"description": "A configuration.", "type": ["object", "null"]}}
       },
       "examples": {
        "file": {"value": {}},
        "document": {
         "value": {
          "config": {
           "version": 1,
           "frontends": {"f": {"bind": "127.0.0.1:8099", "routes": [{"respond": {"status": 204}}]}}
          }
         }
        }
       }
      },
      "application/yaml": {"schema": {"type": "string"}},
      "application/x-yaml": {"schema": {"type": "string"}},
      "text/yaml": {"schema": {"type": "string"}}
     }
    },
    "responses": {
     "200": {
      "description": "It is valid.",
      "content": {
       "application/json": {
        "schema": {"$ref": "#/components/schemas/Plan"},
        "examples": {
         "plan": {
          "value": {
           "valid": true,
           "level": "semantic",
           "base_revision": 42,
           "impact": "RELOAD",
           "apply": "RELOAD",
           "change_count": 2,
           "changes": [
            {"op": "add", "pointer": "/frontends/db_tls", "impact": "RELOAD"},
            {"op": "replace", "pointer": "/backends/web/servers/web-1/weight", "impact": "HOT"}
           ],
           "warnings": [],
           "probe": null
          }
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "409": {"$ref": "#/components/responses/Problem"},
     "413": {"$ref": "#/components/responses/Problem"},
     "415": {"$ref": "#/components/responses/Problem"},
     "422": {
      "description": "It is invalid (`config-invalid`, with every error), its file is not there, or its probe\nfailed (then with `log_tail`).\n",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/config/revisions": {
   "get": {
    "operationId": "listRevisions",
    "summary": "All revisions, newest first",
    "description": "The last 50 are kept, and the newest one that ever served.",
    "parameters": [{"$ref": "#/components/parameters/limit"}, {"$ref": "#/components/parameters/cursor"}],
    "responses": {
     "200": {
      "description": "A page of revisions.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["items", "next_cursor"],
         "properties": {
          "items": {"type": "array", "items": {"$ref": "#/components/schemas/Revision"}},
          "next_cursor": {"type": ["string", "null"]}
         }
        }
       }
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/config/revisions/{n}": {
   "get": {
    "operationId": "getRevision",
    "summary": "One revision; with `view` or as YAML, its configuration",
    "parameters": [
     {"$ref": "#/components/parameters/n"},
     {"$ref": "#/components/parameters/view"},
     {"$ref": "#/components/parameters/IfNoneMatch"}
    ],
    "responses": {
     "200": {
      "description": "The revision, or with `view` its document as `/v1/config` has it.",
      "content": {
       "application/json": {"schema": {"anyOf": [{"$ref": "#/components/schemas/Revision"}, {"type": "object"}]}},
       "application/yaml": {"schema": {"type": "string"}}
      }
     },
     "304": {"description": "It is what If-None-Match names."},
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  },
  "/v1/config/revisions/{n}/diff": {
   "get": {
    "operationId": "compareRevisions",
    "summary": "What leads to a revision from the one before it, or from another",
    "description": "Changes as in a plan; with `Accept: text/plain` the difference of the texts, as diff(1) writes\nit.\n",
    "parameters": [
     {"$ref": "#/components/parameters/n"},
     {
      "name": "against",
      "in": "query",
      "description": "The other revision; the one kept before it unless given.",
      "schema": {"type": "integer", "minimum": 1}
     }
    ],
    "responses": {
     "200": {
      "description": "The difference.",
      "content": {
       "application/json": {"schema": {"$ref": "#/components/schemas/RevisionDifference"}},
       "text/plain": {"schema": {"type": "string"}}
      }
     },
     "400": {"$ref": "#/components/responses/Problem"},
     "401": {"$ref": "#/components/responses/Unauthenticated"},
     "403": {"$ref": "#/components/responses/Problem"},
     "404": {"$ref": "#/components/responses/Problem"},
     "422": {"$ref": "#/components/responses/Problem"},
     "429": {"$ref": "#/components/responses/Problem"},
     "503": {"$ref": "#/components/responses/Problem"}
    }
   }
  }
 },
 "components": {
  "parameters": {
   "n": {"name": "n", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}},
   "id": {
    "name": "id",
    "in": "path",
    "required": true,
    "schema": {"type": "string", "pattern": "^rl_"}
   },
   "backend": {
    "name": "backend",
    "in": "path",
    "required": true,
    "schema": {"$ref": "#/components/schemas/Name"}
   },
   "server": {
    "name": "server",
    "in": "path",
    "required": true,
    "schema": {"$ref": "#/components/schemas/Name"}
   },
   "view": {
    "name": "view",
    "in": "query",
    "description": "`written` unless given.",
    "schema": {"enum": ["written", "effective"]}
   },
   "IfNoneMatch": {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of what is known already.",
    "schema": {"type": "string"}
   },
   "verbose": {
    "name": "verbose",
    "in": "query",
    "allowEmptyValue": true,
    "description": "Lists the checks.",
    "schema": {"type": "boolean"}
   },
   "wait": {
    "name": "wait",
    "in": "query",
    "description": "A duration with a unit, at most 300s.",
    "schema": {
     "type": "string",
     "pattern": "^([0-9]{1,5}ms|[12][0-9]{5}ms|300000ms|[0-9]{1,2}s|[12][0-9]{2}s|300s|[0-5]m|0h)$",
     "examples": ["30s", "500ms"]
    }
   },
   "wait_for": {
    "name": "wait_for",
    "in": "query",
    "description": "With `wait` or `Prefer`, and refused without. `finished`: until the reload is over. `drained`: until the generations that left\nfor it, and those before, are gone as well.\n",
    "schema": {"enum": ["finished", "drained"], "default": "finished"}
   },
   "since": {
    "name": "since",
    "in": "query",
    "description": "With `wait`: the `seq` of an earlier answer; the next one comes when this collection has\nchanged since, or the time is over. Another number is answered at once, so one of an\nearlier life of the master is as well. Gauges (sessions, memory) are not changes.\n",
    "schema": {"type": "integer", "minimum": 0, "maximum": 9223372036854775807}
   },
   "Prefer": {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=SECONDS` (RFC 7240); more than 300 counts as 300.",
    "schema": {"type": "string", "examples": ["wait=30"]}
   },
   "limit": {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
   },
   "cursor": {
    "name": "cursor",
    "in": "query",
    "description": "`next_cursor` of the page before; opaque.",
    "schema": {"type": "string"}
   }
  },
  "requestBodies": {
   "Empty": {
    "description": "Nothing is needed but the Content-Type; an empty body will do.",
    "required": true,
    "content": {
     "application/json": {
      "schema": {"type": "object", "additionalProperties": false},
      "examples": {"nothing": {"value": {}}}
     }
    }
   }
  },
  "securitySchemes": {
   "token": {
    "type": "http",
    "scheme": "bearer",
    "description": "Of the file `admin.tcp.tokens`, as `apus token create` makes them."
   },
   "certificate": {
    "type": "mutualTLS",
    "description": "Of a CA of `admin.tcp.tls.client_ca`; `admin.roles` says what its subject may."
   }
  },
  "responses": {
   "SessionCount": {
    "description": "How many there were.",
    "content": {
     "application/json": {
      "schema": {
       "type": "object",
       "required": ["matched", "killed", "complete", "silent_workers"],
       "properties": {
        "matched": {"description": "Sessions that fitted.", "type": "integer"},
        "killed": {
         "description": "Of these, how many were ended; not more than `max`.",
         "type": "integer"
        },
        "complete": {"description": "All workers have answered.", "type": "boolean"},
        "silent_workers": {
         "description": "Those that have not; what they did is not counted.",
         "type": "array",
         "items": {"type": "string"}
        }
       }
      }
     }
    }
   },
   "Unauthenticated": {
    "description": "By TCP: nobody has shown who asks, or the token is unknown or has expired.",
    "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "Problem": {
    "description": "RFC 9457; `code` is stable, the words are not.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
   },
   "Health": {
    "description": "All is well.",
    "content": {
     "application/json": {
      "schema": {
       "type": "object",
       "required": ["status"],
       "properties": {"status": {"const": "ok"}, "checks": {"$ref": "#/components/schemas/Checks"}}
      }
     }
    }
   },
   "Generation": {
    "description": "The generation.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Generation"}}}
   },
   "Reload": {
    "description": "The reload.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reload"}}}
   }
  },
  "schemas": {
   "CollectionSequence": {
    "type": "integer",
    "description": "Grows with every change of this collection; for `since`.",
    "examples": [1795219804182]
   },
   "Phase": {"enum": ["STARTING", "SERVING", "LEAVING", "EXITED"]},
   "GenerationStatus": {"enum": ["INIT", "READY"]},
   "ReloadStatus": {"enum": ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "SUPERSEDED", "CANCELLED"]},
   "ReloadMode": {"enum": ["SOFT", "HARD"], "default": "SOFT"},
   "Time": {"type": "string", "format": "date-time", "examples": ["2026-11-21T00:10:03.412Z"]},
   "NullableTime": {"type": ["string", "null"], "format": "date-time"},
   "NullableInteger": {"type": ["integer", "null"]},
   "NullableString": {"type": ["string", "null"]},
   "Checks": {
    "type": "array",
    "items": {
     "type": "object",
     "required": ["name", "ok", "detail"],
     "properties": {"name": {"type": "string"}, "ok": {"type": "boolean"}, "detail": {"type": "string"}}
    }
   },
   "Sessions": {
    "description": "Client connections, idle ones included.",
    "type": "object",
    "required": ["current", "oldest_age_s"],
    "properties": {"current": {"type": "integer"}, "oldest_age_s": {"type": "integer"}}
   },
   "Exit": {
    "type": ["object", "null"],
    "required": ["code", "signal", "at", "expected"],
    "properties": {
     "code": {"$ref": "#/components/schemas/NullableInteger"},
     "signal": {"$ref": "#/components/schemas/NullableInteger"},
     "at": {"$ref": "#/components/schemas/NullableTime"},
     "expected": {"type": "boolean"}
    }
   },
   "Name": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$", "examples": ["web"]},
   "Backend": {
    "type": "object",
    "required": ["name", "mode", "balance", "servers"],
    "properties": {
     "name": {"$ref": "#/components/schemas/Name"},
     "mode": {"enum": ["http", "tcp"]},
     "balance": {"type": "string"},
     "servers": {
      "type": "object",
      "required": ["total", "up"],
      "properties": {
       "total": {"type": "integer"},
       "up": {
        "description": "Those that take traffic, by their checks and their exchanges.",
        "type": "integer"
       }
      }
     }
    }
   },
   "ServerChange": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
     "admin_state": {
      "description": "DRAIN takes only what belongs to it by persistence, MAINT nothing; idle connections to a\nserver in MAINT are closed. Null is what the configuration says.\n",
      "enum": ["READY", "DRAIN", "MAINT", null]
     },
     "address": {
      "description": "Where the server is from now on, an IP address with a port; null is what the configuration\nsays. What runs goes on where it is, idle connections are closed. Refused where no server may\nbe (`allow_link_local`, the admin API itself).\n",
      "type": ["string", "null"],
      "maxLength": 64,
      "examples": ["10.0.0.12:8080"]
     },
     "weight": {
      "description": "0 takes nothing new; null is what the configuration says.",
      "type": ["integer", "null"],
      "minimum": 0,
      "maximum": 256
     },
     "max_connections": {
      "description": "Null is what the configuration says.",
      "type": ["integer", "null"],
      "minimum": 1,
      "maximum": 100000
     }
    }
   },
   "ClientFilter": {
    "description": "An address, or a block of them.",
    "type": ["string", "null"],
    "maxLength": 64,
    "pattern": "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
    "examples": ["10.0.0.1", "2001:db8::/32"]
   },
   "MinAge": {
    "description": "Since the session began.",
    "type": ["string", "null"],
    "pattern": "^[0-9]{1,9}(ms|s|m|h)$",
    "examples": ["30s", "10m"]
   },
   "Server": {
    "type": "object",
    "required": [
     "backend",
     "name",
     "address",
     "configured_address",
     "address_override",
     "resolution",
     "admin_state",
     "operational_state",
     "check",
     "weight",
     "max_connections",
     "ejection"
    ],
    "properties": {
     "backend": {"$ref": "#/components/schemas/Name"},
     "name": {"$ref": "#/components/schemas/Name"},
     "address": {
      "description": "Where it is now; null while its name was not found yet.",
      "type": ["string", "null"],
      "examples": ["10.0.0.11:8080"]
     },
     "configured_address": {
      "description": "As the configuration has it, an address or a name with a port, or a unix socket.",
      "type": "string",
      "examples": ["10.0.0.11:8080", "app.internal:8080", "unix:/run/app.sock"]
     },
     "address_override": {
      "description": "What an operator has said; null is as configured.",
      "type": ["string", "null"]
     },
     "resolution": {
      "description": "Of the server's name; null if it has none.",
      "type": ["object", "null"],
      "required": ["name", "failure", "resolved_at"],
      "properties": {
       "name": {"type": "string", "examples": ["app.internal"]},
       "failure": {
        "description": "What the last answer was, null if it was a good one: there is no such name, or none with\nan address; no name server has answered, or with sense; it took too long; no server may\nhave one of the addresses.\n",
        "enum": ["NOT_FOUND", "NO_ADDRESS", "UNAVAILABLE", "FAILED", "TIMEOUT", "REFUSED", null]
       },
       "resolved_at": {
        "description": "When the last good answer came.",
        "type": ["string", "null"],
        "format": "date-time"
       }
      }
     },
     "admin_state": {"enum": ["READY", "DRAIN", "MAINT"]},
     "operational_state": {
      "description": "NO_CHECK and UNCHECKED (before the first check has ended), UP and GOING_DOWN take traffic;\nDOWN, GOING_UP and EJECTED do not. UNCHECKED does not with `initial_state: down`. UNRESOLVED\nhas a name that was not found yet.\n",
      "enum": ["UNRESOLVED", "NO_CHECK", "UNCHECKED", "UP", "GOING_DOWN", "DOWN", "GOING_UP", "EJECTED"]
     },
     "check": {
      "description": "The last health check; null if the server is not checked.",
      "type": ["object", "null"],
      "required": ["result", "code", "latency_ms", "last_at", "changed_at"],
      "properties": {
       "result": {
        "enum": [
         "NONE",
         "L4OK",
         "L7OK",
         "L4CON",
         "L4TOUT",
         "L7STS",
         "L7RSP",
         "L7TOUT",
         "L7BODY",
         "SOCKERR"
        ]
       },
       "code": {"description": "The status of the answer.", "type": ["integer", "null"]},
       "latency_ms": {"type": "integer"},
       "last_at": {"description": "When it began.", "type": ["string", "null"], "format": "date-time"},
       "changed_at": {
        "description": "Since when the server is up or down.",
        "type": ["string", "null"],
        "format": "date-time"
       }
      }
     },
     "weight": {
      "type": "object",
      "required": ["configured", "effective", "override"],
      "properties": {
       "configured": {"type": "integer"},
       "effective": {
        "description": "What the balancing goes by; 0 while the server takes no new exchange.",
        "type": "integer"
       },
       "override": {"$ref": "#/components/schemas/NullableInteger"}
      }
     },
     "max_connections": {
      "description": "Null is no limit.",
      "type": "object",
      "required": ["configured", "effective", "override"],
      "properties": {
       "configured": {"$ref": "#/components/schemas/NullableInteger"},
       "effective": {"$ref": "#/components/schemas/NullableInteger"},
       "override": {"$ref": "#/components/schemas/NullableInteger"}
      }
     },
     "ejection": {
      "type": "object",
      "required": ["left_ms", "count"],
      "properties": {
       "left_ms": {
        "description": "How long the server is out yet, because exchanges failed.",
        "type": ["integer", "null"]
       },
       "count": {"description": "How often it was, since the name is known.", "type": "integer"}
      }
     }
    }
   },
   "Worker": {
    "type": "object",
    "required": ["index", "pid", "status", "sessions", "rss_bytes", "exit"],
    "properties": {
     "index": {"type": "integer"},
     "pid": {"$ref": "#/components/schemas/NullableInteger"},
     "status": {"$ref": "#/components/schemas/GenerationStatus"},
     "sessions": {"$ref": "#/components/schemas/Sessions"},
     "rss_bytes": {"type": "integer"},
     "exit": {"$ref": "#/components/schemas/Exit"}
    }
   },
   "Generation": {
    "type": "object",
    "required": [
     "generation",
     "status",
     "phase",
     "pid",
     "version",
     "config_revision",
     "config_sha256",
     "created_at",
     "ready_at",
     "init_ms",
     "leaving_at",
     "reloads",
     "max_reloads",
     "reloads_left",
     "sigterm_sent",
     "sigterm_at",
     "sigterm_reason",
     "sigkill_sent",
     "hard_stop_at",
     "sessions",
     "rss_bytes",
     "waiting_for",
     "exit",
     "workers",
     "counters"
    ],
    "properties": {
     "generation": {"type": "integer", "description": "From 1; never reused."},
     "status": {"$ref": "#/components/schemas/GenerationStatus"},
     "phase": {"$ref": "#/components/schemas/Phase"},
     "pid": {"description": "Of the first worker.", "$ref": "#/components/schemas/NullableInteger"},
     "version": {"type": "string"},
     "config_revision": {"type": "integer"},
     "config_sha256": {"type": "string"},
     "created_at": {"$ref": "#/components/schemas/Time"},
     "ready_at": {"$ref": "#/components/schemas/NullableTime"},
     "init_ms": {"$ref": "#/components/schemas/NullableInteger"},
     "leaving_at": {"$ref": "#/components/schemas/NullableTime"},
     "reloads": {"type": "integer", "description": "Successful reloads survived; 0 while SERVING."},
     "max_reloads": {"description": "Null is unlimited.", "$ref": "#/components/schemas/NullableInteger"},
     "reloads_left": {"$ref": "#/components/schemas/NullableInteger"},
     "sigterm_sent": {"type": "boolean"},
     "sigterm_at": {"$ref": "#/components/schemas/NullableTime"},
     "sigterm_reason": {
      "enum": [
       "MAX_RELOADS",
       "HARD_STOP_AFTER",
       "HARD_RELOAD",
       "READY_TIMEOUT",
       "CANCELLED",
       "API",
       "SHUTDOWN",
       null
      ]
     },
     "sigkill_sent": {"type": "boolean"},
     "hard_stop_at": {"$ref": "#/components/schemas/NullableTime"},
     "sessions": {"$ref": "#/components/schemas/Sessions"},
     "rss_bytes": {"type": "integer"},
     "waiting_for": {
      "type": "array",
      "items": {"type": "string"},
      "description": "Workers not READY, while STARTING."
     },
     "exit": {"$ref": "#/components/schemas/Exit"},
     "workers": {"type": "array", "items": {"$ref": "#/components/schemas/Worker"}},
     "counters": {
      "type": "object",
      "description": "Totals of the generation's live workers.",
      "additionalProperties": {"type": "integer"}
     }
    }
   },
   "EventFrame": {
    "description": "A frame of the stream; heartbeats are comments.",
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
     "id": {"type": "string", "pattern": "^[0-9]+$"},
     "event": {
      "anyOf": [{"$ref": "#/components/schemas/Event/properties/type"}, {"const": "stream.gap"}]
     },
     "data": {"type": "string", "contentMediaType": "application/json"}
    }
   },
   "Event": {
    "description": "An event of NDJSON; further members by type.",
    "type": "object",
    "required": ["id", "type", "at"],
    "properties": {
     "id": {"type": "integer"},
     "type": {
      "enum": [
       "reload.queued",
       "reload.started",
       "reload.step",
       "reload.succeeded",
       "reload.failed",
       "reload.superseded",
       "reload.cancelled",
       "generation.init",
       "generation.ready",
       "generation.serving",
       "generation.leaving",
       "generation.sigterm",
       "generation.exited",
       "generation.crashed",
       "config.revision",
       "state.damaged",
       "server.health",
       "server.changed",
       "server.override_dropped",
       "certificate.expiring"
      ]
     },
     "at": {"$ref": "#/components/schemas/Time"}
    }
   },
   "Step": {
    "type": "object",
    "required": ["name", "status", "ms"],
    "properties": {
     "name": {"enum": ["VALIDATE", "SPAWN", "WAIT_READY", "SWITCH", "RETIRE"]},
     "status": {"$ref": "#/components/schemas/ReloadStatus"},
     "ms": {"$ref": "#/components/schemas/NullableInteger"}
    }
   },
   "Reload": {
    "type": "object",
    "required": [
     "id",
     "kind",
     "status",
     "mode",
     "trigger",
     "config_revision",
     "from_generation",
     "to_generation",
     "created_at",
     "finished_at",
     "duration_ms",
     "steps",
     "sigterm_sent_to",
     "unchanged",
     "superseded_by",
     "error",
     "log_tail"
    ],
    "properties": {
     "id": {"type": "string", "examples": ["rl_01JD5K8Q"]},
     "kind": {"const": "reload"},
     "status": {"$ref": "#/components/schemas/ReloadStatus"},
     "mode": {"$ref": "#/components/schemas/ReloadMode"},
     "trigger": {
      "type": "object",
      "required": ["source", "principal", "reason", "idempotency_key"],
      "properties": {
       "source": {"enum": ["startup", "api", "signal", "restart", "rollback"]},
       "principal": {
        "type": "string",
        "examples": ["uid:0", "token:ci", "cert:CN=deploy,O=Example", "signal:HUP", "master"]
       },
       "reason": {"$ref": "#/components/schemas/NullableString"},
       "idempotency_key": {"$ref": "#/components/schemas/NullableString"}
      }
     },
     "config_revision": {"$ref": "#/components/schemas/NullableInteger"},
     "from_generation": {"$ref": "#/components/schemas/NullableInteger"},
     "to_generation": {"$ref": "#/components/schemas/NullableInteger"},
     "created_at": {"$ref": "#/components/schemas/Time"},
     "finished_at": {"$ref": "#/components/schemas/NullableTime"},
     "duration_ms": {"$ref": "#/components/schemas/NullableInteger"},
     "steps": {"type": "array", "items": {"$ref": "#/components/schemas/Step"}},
     "sigterm_sent_to": {"type": "array", "items": {"type": "integer"}},
     "unchanged": {"type": "boolean", "description": "SUCCEEDED without a new generation (`if_changed`)."},
     "superseded_by": {"$ref": "#/components/schemas/NullableString"},
     "error": {
      "type": ["object", "null"],
      "required": ["code", "detail", "pointer", "errors"],
      "properties": {
       "code": {"type": "string", "examples": ["listener-bind-failed"]},
       "detail": {"type": "string"},
       "pointer": {"$ref": "#/components/schemas/NullableString"},
       "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemEntry"}}
      }
     },
     "log_tail": {"type": "array", "items": {"type": "string"}}
    }
   },
   "Impact": {
    "description": "From light to heavy; null where nothing changes.",
    "enum": ["HOT", "RELOAD", "RESTART", null]
   },
   "Change": {
    "type": "object",
    "required": ["op", "pointer", "impact"],
    "properties": {
     "op": {"enum": ["add", "remove", "replace"]},
     "pointer": {
      "description": "RFC 6901, into the effective document; a route is named by its id.",
      "type": "string",
      "examples": ["/backends/web/servers/web-1/weight", "/frontends/https/routes/api/match/host"]
     },
     "impact": {"enum": ["HOT", "RELOAD", "RESTART"]}
    }
   },
   "Plan": {
    "type": "object",
    "required": [
     "valid",
     "level",
     "base_revision",
     "impact",
     "apply",
     "change_count",
     "changes",
     "warnings",
     "probe"
    ],
    "properties": {
     "valid": {"const": true},
     "level": {"enum": ["schema", "semantic", "probe"]},
     "base_revision": {"$ref": "#/components/schemas/NullableInteger"},
     "impact": {"$ref": "#/components/schemas/Impact"},
     "apply": {"$ref": "#/components/schemas/Impact"},
     "change_count": {"type": "integer"},
     "changes": {
      "description": "At most 10000 of them.",
      "type": "array",
      "items": {"$ref": "#/components/schemas/Change"}
     },
     "warnings": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemEntry"}},
     "probe": {
      "description": "Of the throwaway worker, from spawn to READY.",
      "type": ["object", "null"],
      "required": ["init_ms"],
      "properties": {"init_ms": {"type": "integer"}}
     }
    }
   },
   "Revision": {
    "type": "object",
    "required": [
     "revision",
     "sha256",
     "size_bytes",
     "source",
     "created_at",
     "reload",
     "principal",
     "reason",
     "is_good",
     "applied"
    ],
    "properties": {
     "revision": {"type": "integer"},
     "sha256": {"type": "string"},
     "size_bytes": {"type": "integer"},
     "source": {"description": "The file that it came from.", "type": "string"},
     "created_at": {"$ref": "#/components/schemas/Time"},
     "reload": {"description": "The reload that found it.", "type": ["string", "null"]},
     "principal": {"$ref": "#/components/schemas/NullableString"},
     "reason": {"$ref": "#/components/schemas/NullableString"},
     "is_good": {"description": "Whether it ever served.", "type": "boolean"},
     "applied": {"description": "Whether it serves.", "type": "boolean"}
    }
   },
   "RevisionDifference": {
    "type": "object",
    "required": ["from", "to", "impact", "apply", "change_count", "changes"],
    "properties": {
     "from": {"type": "integer"},
     "to": {"type": "integer"},
     "impact": {"$ref": "#/components/schemas/Impact"},
     "apply": {"$ref": "#/components/schemas/Impact"},
     "change_count": {"type": "integer"},
     "changes": {"type": "array", "items": {"$ref": "#/components/schemas/Change"}}
    }
   },
   "Condition": {
    "type": "object",
    "required": ["type", "status", "reason", "observed_revision", "message"],
    "properties": {
     "type": {"enum": ["Serving", "ConfigCurrent", "LeaversBounded", "StateIntact"]},
     "status": {"enum": ["True", "False"]},
     "reason": {"type": "string", "examples": ["GenerationReady"]},
     "observed_revision": {"$ref": "#/components/schemas/NullableInteger"},
     "message": {"$ref": "#/components/schemas/NullableString"}
    }
   },
   "Status": {
    "type": "object",
    "required": [
     "instance_id",
     "version",
     "desired_revision",
     "applied_revision",
     "serving_generation",
     "max_reloads",
     "generations",
     "reloads",
     "conditions"
    ],
    "properties": {
     "instance_id": {"type": "string"},
     "version": {"type": "string"},
     "desired_revision": {"$ref": "#/components/schemas/NullableInteger"},
     "applied_revision": {"$ref": "#/components/schemas/NullableInteger"},
     "serving_generation": {"$ref": "#/components/schemas/NullableInteger"},
     "max_reloads": {"$ref": "#/components/schemas/NullableInteger"},
     "generations": {
      "type": "object",
      "required": ["starting", "serving", "leaving"],
      "properties": {
       "starting": {"type": "integer"},
       "serving": {"type": "integer"},
       "leaving": {"type": "integer"}
      }
     },
     "reloads": {
      "type": "object",
      "required": ["succeeded", "failed", "last"],
      "properties": {
       "succeeded": {"type": "integer"},
       "failed": {"type": "integer"},
       "last": {
        "type": ["object", "null"],
        "required": ["id", "status", "finished_at"],
        "properties": {
         "id": {"type": "string"},
         "status": {"$ref": "#/components/schemas/ReloadStatus"},
         "finished_at": {"$ref": "#/components/schemas/NullableTime"}
        }
       }
      }
     },
     "conditions": {"type": "array", "items": {"$ref": "#/components/schemas/Condition"}}
    }
   },
   "ProblemEntry": {
    "type": "object",
    "required": ["code", "severity", "file", "line", "column", "pointer", "message", "suggestion", "owner"],
    "properties": {
     "code": {"type": "string"},
     "severity": {"enum": ["error", "warning"]},
     "file": {"$ref": "#/components/schemas/NullableString"},
     "line": {"$ref": "#/components/schemas/NullableInteger"},
     "column": {"$ref": "#/components/schemas/NullableInteger"},
     "pointer": {"$ref": "#/components/schemas/NullableString"},
     "message": {"type": "string"},
     "suggestion": {"$ref": "#/components/schemas/NullableString"},
     "owner": {"$ref": "#/components/schemas/NullableString"}
    }
   },
   "AuditOutcome": {
    "description": "`DENIED`: who asked may not, or is not known.",
    "enum": ["SUCCEEDED", "FAILED", "DENIED"]
   },
   "AuditLine": {
    "type": "object",
    "required": [
     "seq",
     "time",
     "request_id",
     "principal",
     "peer",
     "role",
     "method",
     "route",
     "path",
     "body_sha256",
     "revision_before",
     "revision_after",
     "operation_id",
     "outcome",
     "status",
     "code",
     "latency_ms"
    ],
    "properties": {
     "seq": {"type": "integer", "description": "Ascending, never given twice."},
     "time": {"$ref": "#/components/schemas/Time"},
     "request_id": {"type": "string"},
     "principal": {
      "type": "string",
      "description": "Who asked, as in `trigger.principal`.",
      "examples": ["uid:1000", "token:ci", "stranger"]
     },
     "peer": {
      "description": "What the kernel says of the one who asked; `comm` is what the process calls itself, and\n`address` where a TCP connection comes from. What does not apply is null.\n",
      "type": "object",
      "required": ["uid", "gid", "pid", "comm", "address"],
      "properties": {
       "uid": {"$ref": "#/components/schemas/NullableInteger"},
       "gid": {"$ref": "#/components/schemas/NullableInteger"},
       "pid": {"$ref": "#/components/schemas/NullableInteger"},
       "comm": {"$ref": "#/components/schemas/NullableString"},
       "address": {"type": ["string", "null"], "examples": ["10.0.0.7:53211"]}
      }
     },
     "role": {"enum": ["read", "operate", "admin", null]},
     "method": {"type": "string"},
     "route": {"type": ["string", "null"], "examples": ["/v1/reloads/{id}"]},
     "path": {
      "type": "string",
      "description": "As it came, without the query; cut, control characters escaped."
     },
     "body_sha256": {"$ref": "#/components/schemas/NullableString"},
     "revision_before": {"$ref": "#/components/schemas/NullableInteger"},
     "revision_after": {"$ref": "#/components/schemas/NullableInteger"},
     "operation_id": {"$ref": "#/components/schemas/NullableString"},
     "outcome": {"$ref": "#/components/schemas/AuditOutcome"},
     "status": {"type": "integer"},
     "code": {"type": ["string", "null"], "description": "Of the problem, if there was one."},
     "latency_ms": {"type": "integer"}
    }
   },
   "Problem": {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
     "type": {"type": "string", "examples": ["urn:apus:problem:not-found"]},
     "title": {"type": "string"},
     "status": {"type": "integer"},
     "detail": {"type": "string"},
     "code": {
      "enum": [
       "bad-request",
       "malformed-json",
       "unknown-parameter",
       "invalid-parameter",
       "unauthenticated",
       "forbidden-origin",
       "forbidden-role",
       "forbidden-path",
       "not-found",
       "method-not-allowed",
       "request-timeout",
       "content-too-large",
       "unsupported-media-type",
       "request-invalid",
       "headers-too-large",
       "generation-serving",
       "generation-exited",
       "reload-finished",
       "reload-switching",
       "reload-in-progress",
       "idempotency-in-flight",
       "idempotency-key-reused",
       "too-many-reloads",
       "probe-in-progress",
       "too-many-failures",
       "config-invalid",
       "file-missing",
       "listener-bind-failed",
       "worker-exited-in-init",
       "worker-refused",
       "worker-protocol-error",
       "ready-timeout",
       "switch-failed",
       "superseded",
       "cancelled",
       "access-log-failed",
       "master-restarted",
       "reload-failed",
       "too-many-plans",
       "internal-error",
       "spawn-failed",
       "store-failed",
       "no-room",
       "not-ready",
       "master-stuck",
       "shutting-down",
       "too-many-watchers",
       "too-many-connections"
      ]
     },
     "request_id": {"type": "string"},
     "errors": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/ProblemEntry"}},
     "line": {"type": ["integer", "null"], "description": "Of malformed JSON."},
     "column": {"type": ["integer", "null"], "description": "Of malformed JSON."},
     "routes": {"type": "array", "items": {"type": "string"}, "description": "Known paths, with 404."},
     "reload": {"type": "string", "description": "The one that is not over, with `reload-in-progress`."},
     "retry_after_s": {"type": "integer", "minimum": 1, "description": "With 429."},
     "checks": {"$ref": "#/components/schemas/Checks"},
     "serving_generation": {"$ref": "#/components/schemas/NullableInteger"},
     "serving_revision": {"$ref": "#/components/schemas/NullableInteger"},
     "operation": {"$ref": "#/components/schemas/Reload"}
    }
   }
  }
 }
}

"""#

    static let yaml = #"""
openapi: 3.1.0
info:
  title: Apus admin API
  version: "1"
  summary: Drives and watches the master of an Apus proxy.
  description: |
    HTTP/1.1 with JSON on a unix socket: `curl --unix-socket /run/apus/admin.sock http://localhost/v1`,
    and by TLS where `admin.tcp` of the configuration says so, with a bearer token or a certificate.
    Field names are snake_case, run-time enums UPPER_CASE, times RFC 3339 UTC with milliseconds.
    Zero, false and null are always present. Unknown request fields and query parameters are refused.
    Mutations need `Content-Type: application/json`, even with an empty body. Every answer has
    `X-Request-Id`; a request's own is kept if it is 1 to 64 of `[A-Za-z0-9._-]`.
    HEAD is understood wherever GET is. Bodies may have 1 MiB, unless an operation says more.
    GET needs the role read, everything else operate, unless `x-role` says otherwise; where there is
    none (`security: []`) everybody may ask. 403 may be the answer to any request: `forbidden-role`,
    and `forbidden-origin` to what looks like a web page's (Origin, Sec-Fetch-Site, an unknown Host),
    `forbidden-path` to a token that is good for other paths. 401 and 429 `too-many-failures` are
    answers to those who come by TCP.
servers:
  - url: http://localhost
    description: The unix socket; any host without a dot or under localhost and any address will do, and the kernel says who asks.
  - url: https://{host}:{port}
    description: "`admin.tcp`, if it is configured."
    variables:
      host: {default: proxy-1.example.com}
      port: {default: "9443"}
security:
  - {}
  - token: []
  - certificate: []
paths:
  /healthz:
    get:
      operationId: getHealth
      security: []
      summary: Whether the master makes progress
      parameters: [{$ref: "#/components/parameters/verbose"}]
      responses:
        "200": {$ref: "#/components/responses/Health"}
        "400": {$ref: "#/components/responses/Problem"}
        "403": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /readyz:
    get:
      operationId: getReadiness
      security: []
      summary: Whether exactly one generation serves
      description: A failed reload does not unready; shutting down does.
      parameters: [{$ref: "#/components/parameters/verbose"}]
      responses:
        "200": {$ref: "#/components/responses/Health"}
        "400": {$ref: "#/components/responses/Problem"}
        "403": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /metrics:
    get:
      operationId: getMetrics
      summary: Metrics for Prometheus
      description: Text format 0.0.4. The names are those of docs/metrics.md.
      responses:
        "200":
          description: One scrape.
          content:
            text/plain:
              schema: {type: string}
              example: |
                # HELP apus_config_last_reload_successful 1 if the last reload succeeded, 0 if it failed.
                # TYPE apus_config_last_reload_successful gauge
                apus_config_last_reload_successful 1
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1:
    get:
      operationId: getIndex
      summary: All routes
      responses:
        "200":
          description: The routes of this master.
          content:
            application/json:
              schema:
                type: object
                required: [version, routes]
                properties:
                  version: {type: string, examples: ["0.1.0"]}
                  routes:
                    type: array
                    items:
                      type: object
                      required: [method, path, query, summary, role]
                      properties:
                        method: {type: string}
                        path: {type: string}
                        query: {type: array, items: {type: string}}
                        summary: {type: string}
                        role:
                          description: The least role that may use it; null for everybody.
                          enum: [read, operate, admin, null]
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/openapi.json:
    get:
      operationId: getOpenAPI
      summary: This API as an OpenAPI 3.1 document
      description: "As JSON, or as it is written with `Accept: application/yaml`."
      responses:
        "200":
          description: The document.
          content:
            application/json:
              schema:
                type: object
                required: [openapi, info, paths]
                properties:
                  openapi: {const: 3.1.0}
            application/yaml:
              schema: {type: string}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/schema/config.json:
    get:
      operationId: getConfigSchema
      summary: The JSON Schema of the configuration
      description: JSON Schema 2020-12, the same as `api/config.schema.json` and `apus config schema`.
      responses:
        "200":
          description: The schema.
          content:
            application/schema+json:
              schema:
                type: object
                required: [$schema, $id, title, type, properties, $defs]
                properties:
                  $schema: {const: "https://json-schema.org/draft/2020-12/schema"}
                  $id: {const: "urn:apus:schema:config:1"}
                  title: {type: string}
                  type: {const: object}
                  properties: {type: object}
                  $defs: {type: object}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/status:
    get:
      operationId: getStatus
      summary: Desired and applied state
      responses:
        "200":
          description: The state of the master.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Status"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/stats:
    get:
      operationId: getStats
      summary: Totals over all generations
      description: Live and retired ones, since the master started; totals never fall while it runs.
      responses:
        "200":
          description: The totals.
          content:
            application/json:
              schema:
                type: object
                required: [instance_id, since, taken_at, totals, now]
                properties:
                  instance_id: {type: string}
                  since: {$ref: "#/components/schemas/Time"}
                  taken_at: {$ref: "#/components/schemas/Time"}
                  totals:
                    type: object
                    additionalProperties: {type: integer}
                    examples: [{requests: 4711, responses_2xx: 4700, bytes_in: 918221}]
                  now:
                    type: object
                    required: [client_connections, exchanges, tunnels]
                    properties:
                      client_connections: {type: integer}
                      exchanges: {type: integer}
                      tunnels: {type: integer}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/page:
    get:
      operationId: getPage
      summary: The status page, for people
      description: |
        One HTML document without scripts, to be looked at: what wants attention, generations, workers, frontends,
        backends with their servers, totals. Its size is bounded; where it leaves something out it names the
        path that has all of it. Programs ask the other operations: nothing in it is part of this contract.
      parameters:
        - name: backend
          in: query
          description: Only this backend.
          schema: {$ref: "#/components/schemas/Name"}
        - name: refresh
          in: query
          description: After how many seconds the browser asks again; never unless given.
          schema: {type: integer, minimum: 5, maximum: 3600, examples: [5]}
      responses:
        "200":
          description: The page.
          headers:
            Cache-Control: {required: true, schema: {const: no-store}}
            Content-Security-Policy:
              description: The page's own style, by its digest, and nothing else.
              required: true
              schema: {type: string, pattern: "^default-src 'none'; style-src 'sha256-"}
            X-Content-Type-Options: {required: true, schema: {const: nosniff}}
            Referrer-Policy: {required: true, schema: {const: no-referrer}}
          content:
            text/html:
              schema: {type: string}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/events:
    get:
      operationId: watchEvents
      summary: What happens, as a stream
      description: |
        Server-sent events, or one JSON object a line with `Accept: application/x-ndjson`. Without
        `Last-Event-ID` the stream begins with the next event; with it, after that one. The last 4096
        events are kept; if some in between are lost, the first is `stream.gap`. Ids grow, also over
        restarts of the master. A heartbeat comes after 15 s of silence (a comment, or
        `{"type":"stream.heartbeat"}`). A client that takes nothing for 10 s is closed.
      parameters:
        - name: type
          in: query
          description: Types, separated by commas; `generation.*` is all that begin so; none is all.
          allowEmptyValue: true
          style: form
          explode: false
          schema:
            type: array
            minItems: 1
            items:
              anyOf:
                - {$ref: "#/components/schemas/Event/properties/type"}
                - {enum: ["*", "config.*", "generation.*", "reload.*"]}
            examples: [["generation.*", reload.failed]]
        - name: follow
          in: query
          allowEmptyValue: true
          description: |
            `false` ends the stream with the last event that happened before the request; without
            `Last-Event-ID` it begins with the oldest that is kept, after a `stream.gap`.
          schema: {type: boolean, default: true}
        - name: Last-Event-ID
          in: header
          schema: {type: integer, minimum: 0, maximum: 9007199254740991}
      responses:
        "200":
          description: The stream; it ends when the master stops, or as `follow` says.
          content:
            text/event-stream:
              schema: {$ref: "#/components/schemas/EventFrame"}
              example: |
                id: 1795219804182
                event: generation.sigterm
                data: {"at":"2026-11-21T00:10:03.412Z","generation":7,"reason":"MAX_RELOADS","reloads":6,"max_reloads":5}
            application/x-ndjson:
              schema: {$ref: "#/components/schemas/Event"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503":
          description: "`too-many-watchers`."
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
  /v1/backends:
    get:
      operationId: listBackends
      summary: All backends, by name
      description: Of the generation that serves.
      parameters:
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: A page of backends.
          content:
            application/json:
              schema:
                type: object
                required: [items, next_cursor]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/Backend"}}
                  next_cursor: {type: [string, "null"]}
        "400": {$ref: "#/components/responses/Problem"}
        "403": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/backends/{backend}:
    get:
      operationId: getBackend
      summary: One backend
      parameters: [{$ref: "#/components/parameters/backend"}]
      responses:
        "200":
          description: The backend.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Backend"}
        "400": {$ref: "#/components/responses/Problem"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/backends/{backend}/servers:
    get:
      operationId: listServers
      summary: The servers of a backend, by name
      parameters:
        - {$ref: "#/components/parameters/backend"}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: A page of servers.
          content:
            application/json:
              schema:
                type: object
                required: [items, next_cursor]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/Server"}}
                  next_cursor: {type: [string, "null"]}
        "400": {$ref: "#/components/responses/Problem"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/backends/{backend}/servers/{server}:
    get:
      operationId: getServer
      summary: One server
      parameters:
        - {$ref: "#/components/parameters/backend"}
        - {$ref: "#/components/parameters/server"}
      responses:
        "200":
          description: The server.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Server"}
        "400": {$ref: "#/components/responses/Problem"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
    patch:
      operationId: changeServer
      summary: Change a server at run time
      description: |
        What is set is on the disk before this is answered, and holds over reloads, crashes and restarts
        of the master, until it is taken back with null, or until a new configuration says something
        else about the same thing or has no such server. What is not named stays as it is. Workers act
        on it within milliseconds. Where the state directory cannot be written the answer is 503
        `store-failed`, and nothing has happened.
      parameters:
        - {$ref: "#/components/parameters/backend"}
        - {$ref: "#/components/parameters/server"}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/ServerChange"}
            examples:
              maintenance: {value: {admin_state: MAINT}}
              half: {value: {admin_state: READY, weight: 50, max_connections: 200}}
              moved: {value: {address: "10.0.0.12:8080"}}
              as_configured:
                value: {admin_state: null, address: null, weight: null, max_connections: null}
          application/merge-patch+json:
            schema: {$ref: "#/components/schemas/ServerChange"}
      responses:
        "200":
          description: The server as it is now.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Server"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/backends/{backend}/servers/{server}/sessions/kill:
    post:
      operationId: killSessionsOfServer
      summary: End the sessions of a server
      description: |
        Exchanges and TCP connections that the server has, or that are on their way to it. A client that
        has no byte of an answer yet gets 503, another one an end of its connection.
      parameters:
        - {$ref: "#/components/parameters/backend"}
        - {$ref: "#/components/parameters/server"}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties:
                client: {$ref: "#/components/schemas/ClientFilter"}
                min_age: {$ref: "#/components/schemas/MinAge"}
                max: {type: [integer, "null"], minimum: 1, maximum: 10000000}
            examples:
              all: {value: {}}
              old: {value: {min_age: 10m, max: 100}}
      responses:
        "200": {$ref: "#/components/responses/SessionCount"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/generations:
    get:
      operationId: listGenerations
      summary: All generations, newest first
      parameters:
        - name: phase
          in: query
          schema: {$ref: "#/components/schemas/Phase"}
        - name: status
          in: query
          schema: {$ref: "#/components/schemas/GenerationStatus"}
        - name: sigterm_sent
          in: query
          allowEmptyValue: true
          schema: {type: boolean}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
        - {$ref: "#/components/parameters/since"}
        - {$ref: "#/components/parameters/wait"}
      responses:
        "200":
          description: A page of generations.
          content:
            application/json:
              schema:
                type: object
                required: [items, next_cursor, seq]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/Generation"}}
                  next_cursor: {type: [string, "null"]}
                  seq: {$ref: "#/components/schemas/CollectionSequence"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/generations/current:
    get:
      operationId: getServingGeneration
      summary: The generation that serves
      responses:
        "200": {$ref: "#/components/responses/Generation"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/generations/{n}:
    get:
      operationId: getGeneration
      summary: One generation
      parameters: [{$ref: "#/components/parameters/n"}]
      responses:
        "200": {$ref: "#/components/responses/Generation"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/generations/{n}/logs:
    get:
      operationId: getGenerationLogs
      summary: The last lines that a generation's workers wrote
      description: At most 50 a worker, oldest first; kept for the last 50 generations.
      parameters: [{$ref: "#/components/parameters/n"}]
      responses:
        "200":
          description: The lines.
          content:
            application/json:
              schema:
                type: object
                required: [generation, items, next_cursor]
                properties:
                  generation: {type: integer}
                  items: {type: array, items: {type: string}}
                  next_cursor: {type: "null"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/logs/reopen:
    post:
      operationId: reopenLogs
      summary: Open the access logs anew, after they were renamed
      description: |
        For logrotate: opens every file, and every socket to a logger, that a generation with a worker left writes its
        access log to, and sends it to the workers, leavers too. Lines that are on their way may come to the old file
        for a moment; none is lost. A file that cannot be opened (`access-log-failed`) keeps its workers at the old
        one; the others are opened all the same.
      requestBody: {$ref: "#/components/requestBodies/Empty"}
      responses:
        "200":
          description: What was opened.
          content:
            application/json:
              schema:
                type: object
                required: [destinations, workers]
                properties:
                  destinations:
                    type: array
                    items: {type: string}
                    description: Files by their paths, `journal` and `syslog`; not what needs no opening.
                    examples: [["/var/log/apus/access.log"]]
                  workers: {type: integer, description: "Those that were told."}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/generations/{n}/terminate:
    post:
      operationId: terminateGeneration
      summary: SIGTERM now to a generation that does not serve
      parameters: [{$ref: "#/components/parameters/n"}]
      requestBody: {$ref: "#/components/requestBodies/Empty"}
      responses:
        "202": {$ref: "#/components/responses/Generation"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "409":
          description: "`generation-serving` or `generation-exited`."
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/sessions/kill:
    post:
      operationId: killSessions
      summary: End the sessions that fit
      description: |
        A session that fits all filters ends; at least one filter is needed. With a backend a session is
        an exchange or a TCP connection that has one of its servers or waits for one; without, it is a
        client's connection. The answer comes when the connections to servers are closed and the clients
        told, a second later at the latest.
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [max]
              anyOf:
                - required: [generation]
                - required: [backend]
                - required: [client]
                - required: [min_age]
              properties:
                generation: {type: [integer, "null"], minimum: 1, maximum: 2147483647}
                backend: {type: [string, "null"], maxLength: 200}
                server:
                  description: Of the backend, which must be named then.
                  type: [string, "null"]
                  maxLength: 200
                client: {$ref: "#/components/schemas/ClientFilter"}
                min_age: {$ref: "#/components/schemas/MinAge"}
                max:
                  description: At most so many are ended.
                  type: integer
                  minimum: 1
                  maximum: 10000000
            examples:
              of_a_server: {value: {backend: echo, server: one, max: 1000}}
              of_a_client: {value: {client: 203.0.113.0/24, min_age: 1h, max: 1000}}
      responses:
        "200": {$ref: "#/components/responses/SessionCount"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/reloads:
    get:
      operationId: listReloads
      summary: All reloads, newest first
      parameters:
        - name: status
          in: query
          schema: {$ref: "#/components/schemas/ReloadStatus"}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
        - {$ref: "#/components/parameters/since"}
        - {$ref: "#/components/parameters/wait"}
      responses:
        "200":
          description: A page of reloads.
          content:
            application/json:
              schema:
                type: object
                required: [items, next_cursor, seq]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/Reload"}}
                  next_cursor: {type: [string, "null"]}
                  seq: {$ref: "#/components/schemas/CollectionSequence"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
    post:
      operationId: createReload
      summary: Reload the configuration
      description: |
        Reloads are serialised: one runs, one waits, a newer one supersedes the waiting one.
        Without `wait` the answer is 202. With it: 200 after a success, a problem with the reload in
        `operation` after a failure, 202 with the record as it is when the time is over. Both 200
        and 202 are said when the record is on disk.

        More than `process.reload_rate` (2/s, after a burst of 20) is 429; reloads by signal are not
        counted. With `Idempotency-Key` the same request of the same user is carried out once within
        24 hours, also over a restart of the master: again, it is answered with the stored status
        and body and `Idempotency-Replayed: true`. Requests are the same if mode, reason, `if_changed`
        and `on_busy` are; how long somebody waits does not matter. 429, 409 and 503 before there is
        a reload are not stored.
      parameters:
        - {$ref: "#/components/parameters/wait"}
        - {$ref: "#/components/parameters/wait_for"}
        - {$ref: "#/components/parameters/Prefer"}
        - name: Idempotency-Key
          in: header
          schema: {type: string, pattern: "^[!-~]{1,255}$", examples: ["d-7781"]}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties:
                mode: {$ref: "#/components/schemas/ReloadMode"}
                reason:
                  description: One line, without control characters and marks of direction.
                  type: [string, "null"]
                  maxLength: 500
                  pattern: '^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$'
                  examples: ["deploy 7781"]
                if_changed:
                  type: boolean
                  default: false
                  description: |
                    If text and references are what the serving generation runs, the reload is
                    SUCCEEDED with `unchanged: true` after VALIDATE, and there is no new generation.
                on_busy:
                  enum: [queue, reject]
                  default: queue
                  description: "`reject`: 409 `reload-in-progress` while another runs or waits."
            examples:
              deploy: {value: {mode: SOFT, reason: "deploy 7781"}}
      responses:
        "200": {$ref: "#/components/responses/Reload"}
        "202":
          description: Recorded, not finished.
          headers:
            Location: {schema: {type: string, examples: ["/v1/reloads/rl_01JD5K8Q"]}}
            Idempotency-Replayed: {schema: {const: "true"}}
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Reload"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "409":
          description: "`reload-in-progress` or `idempotency-in-flight`."
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
        "429":
          description: "`too-many-reloads`."
          headers:
            Retry-After: {schema: {type: integer, minimum: 1}}
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422":
          description: The reload failed, or the request body has an error.
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
              examples:
                invalid:
                  value:
                    type: urn:apus:problem:config-invalid
                    title: Configuration rejected
                    status: 422
                    detail: 1 error; generation 13 keeps serving revision 42
                    code: config-invalid
                    request_id: 7ZK3N5Q2W8RT4B6C
                    errors:
                      - code: unknown-field
                        severity: error
                        file: conf.d/api.yaml
                        line: 14
                        column: 9
                        pointer: /backends/api/servers/api-1/wieght
                        message: unknown field
                        suggestion: weight
                        owner: team-api
                    serving_generation: 13
                    serving_revision: 42
                    operation:
                      id: rl_01JD5K8Q
                      kind: reload
                      status: FAILED
                      mode: SOFT
                      trigger:
                        source: api
                        principal: uid:0
                        reason: deploy 7781
                        idempotency_key: null
                      config_revision: null
                      from_generation: 13
                      to_generation: null
                      created_at: "2026-11-21T00:31:10.020Z"
                      finished_at: "2026-11-21T00:31:10.041Z"
                      duration_ms: 21
                      steps: [{name: VALIDATE, status: FAILED, ms: 21}]
                      sigterm_sent_to: []
                      unchanged: false
                      superseded_by: null
                      error:
                        code: config-invalid
                        detail: the configuration is not valid
                        pointer: /backends/api/servers/api-1/wieght
                        errors: []
                      log_tail: []
        "503": {$ref: "#/components/responses/Problem"}
  /v1/reloads/{id}:
    get:
      operationId: getReload
      summary: One reload
      description: With `wait` the answer comes when the reload is final or the time is over.
      parameters:
        - {$ref: "#/components/parameters/id"}
        - {$ref: "#/components/parameters/wait"}
        - {$ref: "#/components/parameters/wait_for"}
        - {$ref: "#/components/parameters/Prefer"}
      responses:
        "200": {$ref: "#/components/responses/Reload"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
    delete:
      operationId: cancelReload
      summary: Cancel a reload that is queued or has not reached SWITCH
      parameters: [{$ref: "#/components/parameters/id"}]
      requestBody: {$ref: "#/components/requestBodies/Empty"}
      responses:
        "202": {$ref: "#/components/responses/Reload"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "409":
          description: "`reload-finished` or `reload-switching`."
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/reloads/{id}/logs:
    get:
      operationId: getReloadLogs
      summary: The last lines that the workers of a reload wrote
      parameters: [{$ref: "#/components/parameters/id"}]
      responses:
        "200":
          description: The lines, oldest first.
          content:
            application/json:
              schema:
                type: object
                required: [reload, items, next_cursor]
                properties:
                  reload: {type: string}
                  items: {type: array, items: {type: string}}
                  next_cursor: {type: "null"}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
  /v1/audit:
    get:
      operationId: listAudit
      x-role: admin
      summary: Changes and refusals, newest first
      description: |
        A line for every request that was let through to change something, written before it is
        answered, and for every one that was refused (401, 403). The last 10,000 are kept.
      parameters:
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
        - name: since
          in: query
          description: The `seq` of a line, for what came after it; or a duration, for what is not older.
          schema: {type: string, examples: ["24h", "4711"]}
        - name: principal
          in: query
          schema: {type: string, examples: ["uid:0"]}
        - name: outcome
          in: query
          schema: {$ref: "#/components/schemas/AuditOutcome"}
      responses:
        "200":
          description: A page of the audit.
          content:
            application/json:
              schema:
                type: object
                required: [items, next_cursor]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/AuditLine"}}
                  next_cursor: {type: [string, "null"]}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "500": {$ref: "#/components/responses/Problem"}
  /v1/config:
    get:
      operationId: getConfig
      summary: The configuration that is served
      description: |
        The document itself. `view=written` is what the author wrote, as JSON, or with
        `Accept: application/yaml` the text as it was loaded, comments included; `view=effective` has
        every default filled in. `X-Config-Revision` says which revision it is.
      parameters:
        - {$ref: "#/components/parameters/view"}
        - {$ref: "#/components/parameters/IfNoneMatch"}
      responses:
        "200":
          description: The document.
          headers:
            ETag: {schema: {type: string}}
            X-Config-Revision: {schema: {type: integer}}
          content:
            application/json:
              schema: {type: object}
              examples:
                written: {value: {version: 1, backends: {web: {servers: {web-1: {address: "10.0.0.11:8080"}}}}}}
            application/yaml:
              schema: {type: string}
        "304": {description: "It is what If-None-Match names."}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/config/validate:
    post:
      operationId: validateConfig
      x-role: read
      summary: What a configuration would change; nothing happens
      description: |
        Without a configuration in the body, the master's own file as it is on disk now. Each change
        against the revision that is served has an impact, the lightest way in which it can be applied;
        `apply` is what this version does. The answer comes without any file, socket or log being
        touched. Level `probe` needs the role operate: it starts a throwaway worker that goes to READY
        without listeners and is ended; one at a time. A body may have 10 MB.
      parameters:
        - name: level
          in: query
          description: How deep; each level contains those before it. `schema` compares nothing.
          schema: {enum: [schema, semantic, probe], default: semantic}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties:
                config:
                  description: A configuration.
                  type: [object, "null"]
            examples:
              file: {value: {}}
              document: {value: {config: {version: 1, frontends: {f: {bind: "127.0.0.1:8099", routes: [{respond: {status: 204}}]}}}}}
          application/yaml:
            schema: {type: string}
          application/x-yaml:
            schema: {type: string}
          text/yaml:
            schema: {type: string}
      responses:
        "200":
          description: It is valid.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Plan"}
              examples:
                plan:
                  value:
                    valid: true
                    level: semantic
                    base_revision: 42
                    impact: RELOAD
                    apply: RELOAD
                    change_count: 2
                    changes:
                      - {op: add, pointer: /frontends/db_tls, impact: RELOAD}
                      - {op: replace, pointer: /backends/web/servers/web-1/weight, impact: HOT}
                    warnings: []
                    probe: null
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "409": {$ref: "#/components/responses/Problem"}
        "413": {$ref: "#/components/responses/Problem"}
        "415": {$ref: "#/components/responses/Problem"}
        "422":
          description: |
            It is invalid (`config-invalid`, with every error), its file is not there, or its probe
            failed (then with `log_tail`).
          content:
            application/problem+json:
              schema: {$ref: "#/components/schemas/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/config/revisions:
    get:
      operationId: listRevisions
      summary: All revisions, newest first
      description: The last 50 are kept, and the newest one that ever served.
      parameters:
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: A page of revisions.
          content:
            application/json:
              schema:
                type: object
                required: [items, next_cursor]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/Revision"}}
                  next_cursor: {type: [string, "null"]}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/config/revisions/{n}:
    get:
      operationId: getRevision
      summary: One revision; with `view` or as YAML, its configuration
      parameters:
        - {$ref: "#/components/parameters/n"}
        - {$ref: "#/components/parameters/view"}
        - {$ref: "#/components/parameters/IfNoneMatch"}
      responses:
        "200":
          description: The revision, or with `view` its document as `/v1/config` has it.
          content:
            application/json:
              schema:
                anyOf:
                  - {$ref: "#/components/schemas/Revision"}
                  - {type: object}
            application/yaml:
              schema: {type: string}
        "304": {description: "It is what If-None-Match names."}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
  /v1/config/revisions/{n}/diff:
    get:
      operationId: compareRevisions
      summary: What leads to a revision from the one before it, or from another
      description: |
        Changes as in a plan; with `Accept: text/plain` the difference of the texts, as diff(1) writes
        it.
      parameters:
        - {$ref: "#/components/parameters/n"}
        - name: against
          in: query
          description: The other revision; the one kept before it unless given.
          schema: {type: integer, minimum: 1}
      responses:
        "200":
          description: The difference.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/RevisionDifference"}
            text/plain:
              schema: {type: string}
        "400": {$ref: "#/components/responses/Problem"}
        "401": {$ref: "#/components/responses/Unauthenticated"}
        "403": {$ref: "#/components/responses/Problem"}
        "404": {$ref: "#/components/responses/Problem"}
        "422": {$ref: "#/components/responses/Problem"}
        "429": {$ref: "#/components/responses/Problem"}
        "503": {$ref: "#/components/responses/Problem"}
components:
  parameters:
    n:
      name: n
      in: path
      required: true
      schema: {type: integer, minimum: 1}
    id:
      name: id
      in: path
      required: true
      schema: {type: string, pattern: "^rl_"}
    backend:
      name: backend
      in: path
      required: true
      schema: {$ref: "#/components/schemas/Name"}
    server:
      name: server
      in: path
      required: true
      schema: {$ref: "#/components/schemas/Name"}
    view:
      name: view
      in: query
      description: "`written` unless given."
      schema: {enum: [written, effective]}
    IfNoneMatch:
      name: If-None-Match
      in: header
      description: ETags of what is known already.
      schema: {type: string}
    verbose:
      name: verbose
      in: query
      allowEmptyValue: true
      description: Lists the checks.
      schema: {type: boolean}
    wait:
      name: wait
      in: query
      description: A duration with a unit, at most 300s.
      schema:
        type: string
        pattern: "^([0-9]{1,5}ms|[12][0-9]{5}ms|300000ms|[0-9]{1,2}s|[12][0-9]{2}s|300s|[0-5]m|0h)$"
        examples: ["30s", "500ms"]
    wait_for:
      name: wait_for
      in: query
      description: |
        With `wait` or `Prefer`, and refused without. `finished`: until the reload is over. `drained`: until the generations that left
        for it, and those before, are gone as well.
      schema: {enum: [finished, drained], default: finished}
    since:
      name: since
      in: query
      description: |
        With `wait`: the `seq` of an earlier answer; the next one comes when this collection has
        changed since, or the time is over. Another number is answered at once, so one of an
        earlier life of the master is as well. Gauges (sessions, memory) are not changes.
      schema: {type: integer, minimum: 0, maximum: 9223372036854775807}
    Prefer:
      name: Prefer
      in: header
      description: "`wait=SECONDS` (RFC 7240); more than 300 counts as 300."
      schema: {type: string, examples: ["wait=30"]}
    limit:
      name: limit
      in: query
      schema: {type: integer, minimum: 1, maximum: 1000, default: 100}
    cursor:
      name: cursor
      in: query
      description: "`next_cursor` of the page before; opaque."
      schema: {type: string}
  requestBodies:
    Empty:
      description: Nothing is needed but the Content-Type; an empty body will do.
      required: true
      content:
        application/json:
          schema: {type: object, additionalProperties: false}
          examples: {nothing: {value: {}}}
  securitySchemes:
    token:
      type: http
      scheme: bearer
      description: Of the file `admin.tcp.tokens`, as `apus token create` makes them.
    certificate:
      type: mutualTLS
      description: Of a CA of `admin.tcp.tls.client_ca`; `admin.roles` says what its subject may.
  responses:
    SessionCount:
      description: How many there were.
      content:
        application/json:
          schema:
            type: object
            required: [matched, killed, complete, silent_workers]
            properties:
              matched:
                description: Sessions that fitted.
                type: integer
              killed:
                description: Of these, how many were ended; not more than `max`.
                type: integer
              complete:
                description: All workers have answered.
                type: boolean
              silent_workers:
                description: Those that have not; what they did is not counted.
                type: array
                items: {type: string}
    Unauthenticated:
      description: "By TCP: nobody has shown who asks, or the token is unknown or has expired."
      headers:
        WWW-Authenticate: {schema: {type: string}}
      content:
        application/problem+json:
          schema: {$ref: "#/components/schemas/Problem"}
    Problem:
      description: RFC 9457; `code` is stable, the words are not.
      content:
        application/problem+json:
          schema: {$ref: "#/components/schemas/Problem"}
    Health:
      description: All is well.
      content:
        application/json:
          schema:
            type: object
            required: [status]
            properties:
              status: {const: ok}
              checks: {$ref: "#/components/schemas/Checks"}
    Generation:
      description: The generation.
      content:
        application/json:
          schema: {$ref: "#/components/schemas/Generation"}
    Reload:
      description: The reload.
      content:
        application/json:
          schema: {$ref: "#/components/schemas/Reload"}
  schemas:
    CollectionSequence:
      type: integer
      description: Grows with every change of this collection; for `since`.
      examples: [1795219804182]
    Phase: {enum: [STARTING, SERVING, LEAVING, EXITED]}
    GenerationStatus: {enum: [INIT, READY]}
    ReloadStatus: {enum: [QUEUED, RUNNING, SUCCEEDED, FAILED, SUPERSEDED, CANCELLED]}
    ReloadMode: {enum: [SOFT, HARD], default: SOFT}
    Time: {type: string, format: date-time, examples: ["2026-11-21T00:10:03.412Z"]}
    NullableTime: {type: [string, "null"], format: date-time}
    NullableInteger: {type: [integer, "null"]}
    NullableString: {type: [string, "null"]}
    Checks:
      type: array
      items:
        type: object
        required: [name, ok, detail]
        properties:
          name: {type: string}
          ok: {type: boolean}
          detail: {type: string}
    Sessions:
      description: Client connections, idle ones included.
      type: object
      required: [current, oldest_age_s]
      properties:
        current: {type: integer}
        oldest_age_s: {type: integer}
    Exit:
      type: [object, "null"]
      required: [code, signal, at, expected]
      properties:
        code: {$ref: "#/components/schemas/NullableInteger"}
        signal: {$ref: "#/components/schemas/NullableInteger"}
        at: {$ref: "#/components/schemas/NullableTime"}
        expected: {type: boolean}
    Name: {type: string, pattern: "^[A-Za-z0-9_.-]{1,64}$", examples: [web]}
    Backend:
      type: object
      required: [name, mode, balance, servers]
      properties:
        name: {$ref: "#/components/schemas/Name"}
        mode: {enum: [http, tcp]}
        balance: {type: string}
        servers:
          type: object
          required: [total, up]
          properties:
            total: {type: integer}
            up:
              description: Those that take traffic, by their checks and their exchanges.
              type: integer
    ServerChange:
      type: object
      additionalProperties: false
      properties:
        admin_state:
          description: |
            DRAIN takes only what belongs to it by persistence, MAINT nothing; idle connections to a
            server in MAINT are closed. Null is what the configuration says.
          enum: [READY, DRAIN, MAINT, null]
        address:
          description: |
            Where the server is from now on, an IP address with a port; null is what the configuration
            says. What runs goes on where it is, idle connections are closed. Refused where no server may
            be (`allow_link_local`, the admin API itself).
          type: [string, "null"]
          maxLength: 64
          examples: ["10.0.0.12:8080"]
        weight:
          description: 0 takes nothing new; null is what the configuration says.
          type: [integer, "null"]
          minimum: 0
          maximum: 256
        max_connections:
          description: Null is what the configuration says.
          type: [integer, "null"]
          minimum: 1
          maximum: 100000
    ClientFilter:
      description: An address, or a block of them.
      type: [string, "null"]
      maxLength: 64
      pattern: "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"
      examples: ["10.0.0.1", "2001:db8::/32"]
    MinAge:
      description: Since the session began.
      type: [string, "null"]
      pattern: "^[0-9]{1,9}(ms|s|m|h)$"
      examples: ["30s", "10m"]
    Server:
      type: object
      required:
        - backend
        - name
        - address
        - configured_address
        - address_override
        - resolution
        - admin_state
        - operational_state
        - check
        - weight
        - max_connections
        - ejection
      properties:
        backend: {$ref: "#/components/schemas/Name"}
        name: {$ref: "#/components/schemas/Name"}
        address:
          description: Where it is now; null while its name was not found yet.
          type: [string, "null"]
          examples: ["10.0.0.11:8080"]
        configured_address:
          description: As the configuration has it, an address or a name with a port, or a unix socket.
          type: string
          examples: ["10.0.0.11:8080", "app.internal:8080", "unix:/run/app.sock"]
        address_override:
          description: What an operator has said; null is as configured.
          type: [string, "null"]
        resolution:
          description: Of the server's name; null if it has none.
          type: [object, "null"]
          required: [name, failure, resolved_at]
          properties:
            name: {type: string, examples: ["app.internal"]}
            failure:
              description: |
                What the last answer was, null if it was a good one: there is no such name, or none with
                an address; no name server has answered, or with sense; it took too long; no server may
                have one of the addresses.
              enum: [NOT_FOUND, NO_ADDRESS, UNAVAILABLE, FAILED, TIMEOUT, REFUSED, null]
            resolved_at:
              description: When the last good answer came.
              type: [string, "null"]
              format: date-time
        admin_state: {enum: [READY, DRAIN, MAINT]}
        operational_state:
          description: |
            NO_CHECK and UNCHECKED (before the first check has ended), UP and GOING_DOWN take traffic;
            DOWN, GOING_UP and EJECTED do not. UNCHECKED does not with `initial_state: down`. UNRESOLVED
            has a name that was not found yet.
          enum: [UNRESOLVED, NO_CHECK, UNCHECKED, UP, GOING_DOWN, DOWN, GOING_UP, EJECTED]
        check:
          description: The last health check; null if the server is not checked.
          type: [object, "null"]
          required: [result, code, latency_ms, last_at, changed_at]
          properties:
            result:
              enum: [NONE, L4OK, L7OK, L4CON, L4TOUT, L7STS, L7RSP, L7TOUT, L7BODY, SOCKERR]
            code:
              description: The status of the answer.
              type: [integer, "null"]
            latency_ms: {type: integer}
            last_at:
              description: When it began.
              type: [string, "null"]
              format: date-time
            changed_at:
              description: Since when the server is up or down.
              type: [string, "null"]
              format: date-time
        weight:
          type: object
          required: [configured, effective, override]
          properties:
            configured: {type: integer}
            effective:
              description: What the balancing goes by; 0 while the server takes no new exchange.
              type: integer
            override: {$ref: "#/components/schemas/NullableInteger"}
        max_connections:
          description: Null is no limit.
          type: object
          required: [configured, effective, override]
          properties:
            configured: {$ref: "#/components/schemas/NullableInteger"}
            effective: {$ref: "#/components/schemas/NullableInteger"}
            override: {$ref: "#/components/schemas/NullableInteger"}
        ejection:
          type: object
          required: [left_ms, count]
          properties:
            left_ms:
              description: How long the server is out yet, because exchanges failed.
              type: [integer, "null"]
            count:
              description: How often it was, since the name is known.
              type: integer
    Worker:
      type: object
      required: [index, pid, status, sessions, rss_bytes, exit]
      properties:
        index: {type: integer}
        pid: {$ref: "#/components/schemas/NullableInteger"}
        status: {$ref: "#/components/schemas/GenerationStatus"}
        sessions: {$ref: "#/components/schemas/Sessions"}
        rss_bytes: {type: integer}
        exit: {$ref: "#/components/schemas/Exit"}
    Generation:
      type: object
      required:
        - generation
        - status
        - phase
        - pid
        - version
        - config_revision
        - config_sha256
        - created_at
        - ready_at
        - init_ms
        - leaving_at
        - reloads
        - max_reloads
        - reloads_left
        - sigterm_sent
        - sigterm_at
        - sigterm_reason
        - sigkill_sent
        - hard_stop_at
        - sessions
        - rss_bytes
        - waiting_for
        - exit
        - workers
        - counters
      properties:
        generation: {type: integer, description: From 1; never reused.}
        status: {$ref: "#/components/schemas/GenerationStatus"}
        phase: {$ref: "#/components/schemas/Phase"}
        pid: {description: Of the first worker., $ref: "#/components/schemas/NullableInteger"}
        version: {type: string}
        config_revision: {type: integer}
        config_sha256: {type: string}
        created_at: {$ref: "#/components/schemas/Time"}
        ready_at: {$ref: "#/components/schemas/NullableTime"}
        init_ms: {$ref: "#/components/schemas/NullableInteger"}
        leaving_at: {$ref: "#/components/schemas/NullableTime"}
        reloads: {type: integer, description: Successful reloads survived; 0 while SERVING.}
        max_reloads: {description: Null is unlimited., $ref: "#/components/schemas/NullableInteger"}
        reloads_left: {$ref: "#/components/schemas/NullableInteger"}
        sigterm_sent: {type: boolean}
        sigterm_at: {$ref: "#/components/schemas/NullableTime"}
        sigterm_reason:
          enum:
            - MAX_RELOADS
            - HARD_STOP_AFTER
            - HARD_RELOAD
            - READY_TIMEOUT
            - CANCELLED
            - API
            - SHUTDOWN
            - null
        sigkill_sent: {type: boolean}
        hard_stop_at: {$ref: "#/components/schemas/NullableTime"}
        sessions: {$ref: "#/components/schemas/Sessions"}
        rss_bytes: {type: integer}
        waiting_for: {type: array, items: {type: string}, description: "Workers not READY, while STARTING."}
        exit: {$ref: "#/components/schemas/Exit"}
        workers: {type: array, items: {$ref: "#/components/schemas/Worker"}}
        counters:
          type: object
          description: Totals of the generation's live workers.
          additionalProperties: {type: integer}
    EventFrame:
      description: A frame of the stream; heartbeats are comments.
      type: object
      required: [id, event, data]
      properties:
        id: {type: string, pattern: "^[0-9]+$"}
        event:
          anyOf:
            - {$ref: "#/components/schemas/Event/properties/type"}
            - {const: stream.gap}
        data: {type: string, contentMediaType: application/json}
    Event:
      description: An event of NDJSON; further members by type.
      type: object
      required: [id, type, at]
      properties:
        id: {type: integer}
        type:
          enum:
            - reload.queued
            - reload.started
            - reload.step
            - reload.succeeded
            - reload.failed
            - reload.superseded
            - reload.cancelled
            - generation.init
            - generation.ready
            - generation.serving
            - generation.leaving
            - generation.sigterm
            - generation.exited
            - generation.crashed
            - config.revision
            - state.damaged
            - server.health
            - server.changed
            - server.override_dropped
            - certificate.expiring
        at: {$ref: "#/components/schemas/Time"}
    Step:
      type: object
      required: [name, status, ms]
      properties:
        name: {enum: [VALIDATE, SPAWN, WAIT_READY, SWITCH, RETIRE]}
        status: {$ref: "#/components/schemas/ReloadStatus"}
        ms: {$ref: "#/components/schemas/NullableInteger"}
    Reload:
      type: object
      required:
        - id
        - kind
        - status
        - mode
        - trigger
        - config_revision
        - from_generation
        - to_generation
        - created_at
        - finished_at
        - duration_ms
        - steps
        - sigterm_sent_to
        - unchanged
        - superseded_by
        - error
        - log_tail
      properties:
        id: {type: string, examples: [rl_01JD5K8Q]}
        kind: {const: reload}
        status: {$ref: "#/components/schemas/ReloadStatus"}
        mode: {$ref: "#/components/schemas/ReloadMode"}
        trigger:
          type: object
          required: [source, principal, reason, idempotency_key]
          properties:
            source: {enum: [startup, api, signal, restart, rollback]}
            principal: {type: string, examples: ["uid:0", "token:ci", "cert:CN=deploy,O=Example", "signal:HUP", master]}
            reason: {$ref: "#/components/schemas/NullableString"}
            idempotency_key: {$ref: "#/components/schemas/NullableString"}
        config_revision: {$ref: "#/components/schemas/NullableInteger"}
        from_generation: {$ref: "#/components/schemas/NullableInteger"}
        to_generation: {$ref: "#/components/schemas/NullableInteger"}
        created_at: {$ref: "#/components/schemas/Time"}
        finished_at: {$ref: "#/components/schemas/NullableTime"}
        duration_ms: {$ref: "#/components/schemas/NullableInteger"}
        steps: {type: array, items: {$ref: "#/components/schemas/Step"}}
        sigterm_sent_to: {type: array, items: {type: integer}}
        unchanged:
          type: boolean
          description: SUCCEEDED without a new generation (`if_changed`).
        superseded_by: {$ref: "#/components/schemas/NullableString"}
        error:
          type: [object, "null"]
          required: [code, detail, pointer, errors]
          properties:
            code: {type: string, examples: [listener-bind-failed]}
            detail: {type: string}
            pointer: {$ref: "#/components/schemas/NullableString"}
            errors: {type: array, items: {$ref: "#/components/schemas/ProblemEntry"}}
        log_tail: {type: array, items: {type: string}}
    Impact:
      description: From light to heavy; null where nothing changes.
      enum: [HOT, RELOAD, RESTART, null]
    Change:
      type: object
      required: [op, pointer, impact]
      properties:
        op: {enum: [add, remove, replace]}
        pointer:
          description: RFC 6901, into the effective document; a route is named by its id.
          type: string
          examples: [/backends/web/servers/web-1/weight, /frontends/https/routes/api/match/host]
        impact: {enum: [HOT, RELOAD, RESTART]}
    Plan:
      type: object
      required: [valid, level, base_revision, impact, apply, change_count, changes, warnings, probe]
      properties:
        valid: {const: true}
        level: {enum: [schema, semantic, probe]}
        base_revision: {$ref: "#/components/schemas/NullableInteger"}
        impact: {$ref: "#/components/schemas/Impact"}
        apply: {$ref: "#/components/schemas/Impact"}
        change_count: {type: integer}
        changes:
          description: At most 10000 of them.
          type: array
          items: {$ref: "#/components/schemas/Change"}
        warnings: {type: array, items: {$ref: "#/components/schemas/ProblemEntry"}}
        probe:
          description: Of the throwaway worker, from spawn to READY.
          type: [object, "null"]
          required: [init_ms]
          properties:
            init_ms: {type: integer}
    Revision:
      type: object
      required:
        [revision, sha256, size_bytes, source, created_at, reload, principal, reason, is_good, applied]
      properties:
        revision: {type: integer}
        sha256: {type: string}
        size_bytes: {type: integer}
        source: {description: "The file that it came from.", type: string}
        created_at: {$ref: "#/components/schemas/Time"}
        reload: {description: "The reload that found it.", type: [string, "null"]}
        principal: {$ref: "#/components/schemas/NullableString"}
        reason: {$ref: "#/components/schemas/NullableString"}
        is_good: {description: "Whether it ever served.", type: boolean}
        applied: {description: "Whether it serves.", type: boolean}
    RevisionDifference:
      type: object
      required: [from, to, impact, apply, change_count, changes]
      properties:
        from: {type: integer}
        to: {type: integer}
        impact: {$ref: "#/components/schemas/Impact"}
        apply: {$ref: "#/components/schemas/Impact"}
        change_count: {type: integer}
        changes: {type: array, items: {$ref: "#/components/schemas/Change"}}
    Condition:
      type: object
      required: [type, status, reason, observed_revision, message]
      properties:
        type: {enum: [Serving, ConfigCurrent, LeaversBounded, StateIntact]}
        status: {enum: ["True", "False"]}
        reason: {type: string, examples: [GenerationReady]}
        observed_revision: {$ref: "#/components/schemas/NullableInteger"}
        message: {$ref: "#/components/schemas/NullableString"}
    Status:
      type: object
      required:
        - instance_id
        - version
        - desired_revision
        - applied_revision
        - serving_generation
        - max_reloads
        - generations
        - reloads
        - conditions
      properties:
        instance_id: {type: string}
        version: {type: string}
        desired_revision: {$ref: "#/components/schemas/NullableInteger"}
        applied_revision: {$ref: "#/components/schemas/NullableInteger"}
        serving_generation: {$ref: "#/components/schemas/NullableInteger"}
        max_reloads: {$ref: "#/components/schemas/NullableInteger"}
        generations:
          type: object
          required: [starting, serving, leaving]
          properties:
            starting: {type: integer}
            serving: {type: integer}
            leaving: {type: integer}
        reloads:
          type: object
          required: [succeeded, failed, last]
          properties:
            succeeded: {type: integer}
            failed: {type: integer}
            last:
              type: [object, "null"]
              required: [id, status, finished_at]
              properties:
                id: {type: string}
                status: {$ref: "#/components/schemas/ReloadStatus"}
                finished_at: {$ref: "#/components/schemas/NullableTime"}
        conditions: {type: array, items: {$ref: "#/components/schemas/Condition"}}
    ProblemEntry:
      type: object
      required: [code, severity, file, line, column, pointer, message, suggestion, owner]
      properties:
        code: {type: string}
        severity: {enum: [error, warning]}
        file: {$ref: "#/components/schemas/NullableString"}
        line: {$ref: "#/components/schemas/NullableInteger"}
        column: {$ref: "#/components/schemas/NullableInteger"}
        pointer: {$ref: "#/components/schemas/NullableString"}
        message: {type: string}
        suggestion: {$ref: "#/components/schemas/NullableString"}
        owner: {$ref: "#/components/schemas/NullableString"}
    AuditOutcome:
      description: "`DENIED`: who asked may not, or is not known."
      enum: [SUCCEEDED, FAILED, DENIED]
    AuditLine:
      type: object
      required:
        - seq
        - time
        - request_id
        - principal
        - peer
        - role
        - method
        - route
        - path
        - body_sha256
        - revision_before
        - revision_after
        - operation_id
        - outcome
        - status
        - code
        - latency_ms
      properties:
        seq: {type: integer, description: "Ascending, never given twice."}
        time: {$ref: "#/components/schemas/Time"}
        request_id: {type: string}
        principal: {type: string, description: "Who asked, as in `trigger.principal`.", examples: ["uid:1000", "token:ci", stranger]}
        peer:
          description: |
            What the kernel says of the one who asked; `comm` is what the process calls itself, and
            `address` where a TCP connection comes from. What does not apply is null.
          type: object
          required: [uid, gid, pid, comm, address]
          properties:
            uid: {$ref: "#/components/schemas/NullableInteger"}
            gid: {$ref: "#/components/schemas/NullableInteger"}
            pid: {$ref: "#/components/schemas/NullableInteger"}
            comm: {$ref: "#/components/schemas/NullableString"}
            address: {type: [string, "null"], examples: ["10.0.0.7:53211"]}
        role: {enum: [read, operate, admin, null]}
        method: {type: string}
        route: {type: [string, "null"], examples: ["/v1/reloads/{id}"]}
        path: {type: string, description: "As it came, without the query; cut, control characters escaped."}
        body_sha256: {$ref: "#/components/schemas/NullableString"}
        revision_before: {$ref: "#/components/schemas/NullableInteger"}
        revision_after: {$ref: "#/components/schemas/NullableInteger"}
        operation_id: {$ref: "#/components/schemas/NullableString"}
        outcome: {$ref: "#/components/schemas/AuditOutcome"}
        status: {type: integer}
        code: {type: [string, "null"], description: "Of the problem, if there was one."}
        latency_ms: {type: integer}
    Problem:
      type: object
      required: [type, title, status, detail, code, request_id, errors]
      properties:
        type: {type: string, examples: ["urn:apus:problem:not-found"]}
        title: {type: string}
        status: {type: integer}
        detail: {type: string}
        code:
          enum:
            - bad-request
            - malformed-json
            - unknown-parameter
            - invalid-parameter
            - unauthenticated
            - forbidden-origin
            - forbidden-role
            - forbidden-path
            - not-found
            - method-not-allowed
            - request-timeout
            - content-too-large
            - unsupported-media-type
            - request-invalid
            - headers-too-large
            - generation-serving
            - generation-exited
            - reload-finished
            - reload-switching
            - reload-in-progress
            - idempotency-in-flight
            - idempotency-key-reused
            - too-many-reloads
            - probe-in-progress
            - too-many-failures
            - config-invalid
            - file-missing
            - listener-bind-failed
            - worker-exited-in-init
            - worker-refused
            - worker-protocol-error
            - ready-timeout
            - switch-failed
            - superseded
            - cancelled
            - access-log-failed
            - master-restarted
            - reload-failed
            - too-many-plans
            - internal-error
            - spawn-failed
            - store-failed
            - no-room
            - not-ready
            - master-stuck
            - shutting-down
            - too-many-watchers
            - too-many-connections
        request_id: {type: string}
        errors: {type: array, maxItems: 100, items: {$ref: "#/components/schemas/ProblemEntry"}}
        line: {type: [integer, "null"], description: Of malformed JSON.}
        column: {type: [integer, "null"], description: Of malformed JSON.}
        routes: {type: array, items: {type: string}, description: "Known paths, with 404."}
        reload: {type: string, description: "The one that is not over, with `reload-in-progress`."}
        retry_after_s: {type: integer, minimum: 1, description: "With 429."}
        checks: {$ref: "#/components/schemas/Checks"}
        serving_generation: {$ref: "#/components/schemas/NullableInteger"}
        serving_revision: {$ref: "#/components/schemas/NullableInteger"}
        operation: {$ref: "#/components/schemas/Reload"}

"""#
}

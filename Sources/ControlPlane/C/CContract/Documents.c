#include "CContract.h"

// #embed is of C23, and known to the compiler in every mode. It notes the file as a dependency, so
// an edited document is compiled in anew.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t config_schema[] = {
#embed "../../../../api/config.schema.json"
};

struct ccontract_document ccontract_config_schema(void) {
    return (struct ccontract_document){config_schema, sizeof config_schema};
}

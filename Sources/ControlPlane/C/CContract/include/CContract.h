// The documents of the contract as they lie in api/, held in the program's read-only segment: an
// installed program has them without files beside it, and they cost no memory until they are read.
// Immutable, any thread. ConfigurationSchema.swift is the caller.
#ifndef CCONTRACT_H
#define CCONTRACT_H

#include <stddef.h>
#include <stdint.h>

// `count` bytes that live as long as the program; no NUL behind them.
struct ccontract_document {
    const uint8_t *_Nonnull bytes;
    size_t count;
};

// api/config.schema.json
struct ccontract_document ccontract_config_schema(void);

#endif

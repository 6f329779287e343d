#pragma once
// Without it sd_journal_sendv is a macro, which Swift cannot see.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

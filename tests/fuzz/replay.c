/* A fuzz target without a fuzzer: gives it the files named, one after the other, and says of each
 * whether it was read or what was wrong with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/printable.h"
#include "contain.h"

static void replay(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0, capacity = 1 << 20;
    char *all = ir_malloc(capacity), *bytes;
    if (!file)
        fault("%s: cannot be opened", path);
    size = fread(all, 1, capacity, file);
    fclose(file);
    bytes = ir_malloc(size); /* of its very size, for AddressSanitizer */
    memcpy(bytes, all, size);
    free(all);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
    free(bytes);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *said;

        replay(argv[i]);
        said = ir_make_printable(ir_strdup(contained_message()));
        printf("%s: %s\n", argv[i], *said != '\0' ? said : "read");
        free(said);
    }
    return 0;
}

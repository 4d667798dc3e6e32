/* The checksum in a checkpoint's meta: the SHA-256 of what the file would be without that line and
 * without the tar around it, meta first, then the .npy files sorted by name.
 *
 * It is of the content: an archive packed again, in another order say, has the same. */
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint_internal.h"

static const char key[] = "sha256";

enum { HEX_CAPACITY = 2 * SHA256_DIGEST_SIZE + 1 };

static void add(struct sha256_ctx *sum, const char *bytes, size_t length)
{
    sha256_update(sum, length, (const uint8_t *)bytes);
}

static void add_meta(struct sha256_ctx *sum, const ir_meta_line *line)
{
    char *text = ir_format("%s %s\n", line->key, line->value);
    add(sum, text, strlen(text));
    free(text);
}

static void add_array(struct sha256_ctx *sum, const ir_array *array)
{
    size_t length;
    char *bytes = ir_npy_bytes(array, &length);
    add(sum, bytes, length);
    free(bytes);
}

static void digest(const ir_checkpoint *checkpoint, char hex[HEX_CAPACITY])
{
    struct sha256_ctx sum;
    uint8_t byte[SHA256_DIGEST_SIZE];
    sha256_init(&sum);
    for (size_t i = 0; i < checkpoint->metas; i++)
        if (strcmp(checkpoint->meta[i].key, key) != 0)
            add_meta(&sum, &checkpoint->meta[i]);
    for (size_t i = 0; i < checkpoint->arrays; i++)
        add_array(&sum, checkpoint->array[i]);
    sha256_digest(&sum, sizeof byte, byte);
    for (size_t i = 0; i < sizeof byte; i++)
        snprintf(hex + 2 * i, HEX_CAPACITY - 2 * i, "%02x", byte[i]);
}

void ir_checkpoint_seal(ir_checkpoint *checkpoint)
{
    char hex[HEX_CAPACITY];
    digest(checkpoint, hex);
    ir_meta_set(checkpoint, key, "%s", hex);
}

bool ir_checkpoint_is_sealed(const ir_checkpoint *checkpoint)
{
    return ir_meta_find(checkpoint, key) != NULL;
}

void ir_checkpoint_check_seal(const ir_checkpoint *checkpoint)
{
    char hex[HEX_CAPACITY];
    if (!ir_checkpoint_is_sealed(checkpoint))
        return;
    digest(checkpoint, hex);
    if (strcmp(ir_meta_text(checkpoint, key), hex) != 0)
        ir_die("%s: damaged: not what the %s in its meta was made of", checkpoint->path, key);
}

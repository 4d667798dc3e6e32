/* Distinct names in the order in which they came. */
#ifndef IR_SCORE_NAMES_H
#define IR_SCORE_NAMES_H

typedef struct {
    char **name;
    int n;
} names;

int names_index(names *s, const char *name); /* of the name, which is added when it is new */
void names_free(names *s);

#endif

/* What a control group leaves of the processors. ir_default_threads() of base.h has it all. */
#ifndef IR_PROCESSORS_H
#define IR_PROCESSORS_H

/* The processors that a quota comes to, 1.5 say, or infinity: of the groups that the file groups
 * names as /proc/self/cgroup does, whose hierarchies lie in root, /sys/fs/cgroup. */
double ir_processor_quota(const char *groups, const char *root);

#endif

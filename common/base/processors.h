/* The processors that a control group allows. See ir_default_threads() in base.h. */
#ifndef IR_PROCESSORS_H
#define IR_PROCESSORS_H

/* The quota in processors, such as 1.5, or infinity. groups: a file like /proc/self/cgroup; root:
 * the directory of the hierarchies, /sys/fs/cgroup. */
double ir_processor_quota(const char *groups, const char *root);

#endif

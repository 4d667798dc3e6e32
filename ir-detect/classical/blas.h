/* The routines of BLAS and LAPACK that are used here, by their Fortran names; in Fortran's way
 * every argument is a pointer and the lengths of character arguments come last. Matrices are
 * column-major.
 *
 * They are OpenBLAS's, which is loaded when a method needs it: it starts threads and takes memory
 * as soon as it is there, and waits without end for what it does not get. */
#ifndef IR_DETECT_BLAS_H
#define IR_DETECT_BLAS_H

#include <complex.h>
#include <stddef.h>

typedef double complex zcomplex;

typedef struct {
    void (*dgemm)(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                  const double *alpha, const double *a, const int *lda, const double *b,
                  const int *ldb, const double *beta, double *c, const int *ldc, size_t, size_t);
    void (*dsymm)(const char *side, const char *uplo, const int *m, const int *n,
                  const double *alpha, const double *a, const int *lda, const double *b,
                  const int *ldb, const double *beta, double *c, const int *ldc, size_t, size_t);
    void (*dsyrk)(const char *uplo, const char *trans, const int *n, const int *k,
                  const double *alpha, const double *a, const int *lda, const double *beta,
                  double *c, const int *ldc, size_t, size_t);
    void (*zgemm)(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                  const zcomplex *alpha, const zcomplex *a, const int *lda, const zcomplex *b,
                  const int *ldb, const zcomplex *beta, zcomplex *c, const int *ldc, size_t,
                  size_t);
    void (*zherk)(const char *uplo, const char *trans, const int *n, const int *k,
                  const double *alpha, const zcomplex *a, const int *lda, const double *beta,
                  zcomplex *c, const int *ldc, size_t, size_t);
    void (*dgeqrf)(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
                   const int *lwork, int *info);
    void (*dorgqr)(const int *m, const int *n, const int *k, double *a, const int *lda,
                   const double *tau, double *work, const int *lwork, int *info);
    void (*dsyevd)(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
                   double *w, double *work, const int *lwork, int *iwork, const int *liwork,
                   int *info, size_t, size_t);
    void (*dsytrd)(const char *uplo, const int *n, double *a, const int *lda, double *d, double *e,
                   double *tau, double *work, const int *lwork, int *info, size_t);
    void (*dstedc)(const char *compz, const int *n, double *d, double *e, double *z, const int *ldz,
                   double *work, const int *lwork, int *iwork, const int *liwork, int *info,
                   size_t);
    void (*dormtr)(const char *side, const char *uplo, const char *trans, const int *m,
                   const int *n, const double *a, const int *lda, const double *tau, double *c,
                   const int *ldc, double *work, const int *lwork, int *info, size_t, size_t,
                   size_t);
    void (*zhetrd)(const char *uplo, const int *n, zcomplex *a, const int *lda, double *d,
                   double *e, zcomplex *tau, zcomplex *work, const int *lwork, int *info, size_t);
    void (*dsterf)(const int *n, double *d, double *e, int *info);
    void (*dstein)(const int *n, const double *d, const double *e, const int *m, const double *w,
                   const int *iblock, const int *isplit, double *z, const int *ldz, double *work,
                   int *iwork, int *ifail, int *info);
    void (*zunmtr)(const char *side, const char *uplo, const char *trans, const int *m,
                   const int *n, const zcomplex *a, const int *lda, const zcomplex *tau,
                   zcomplex *c, const int *ldc, zcomplex *work, const int *lwork, int *info, size_t,
                   size_t, size_t);
    void (*zheevd)(const char *jobz, const char *uplo, const int *n, zcomplex *a, const int *lda,
                   double *w, zcomplex *work, const int *lwork, double *rwork, const int *lrwork,
                   int *iwork, const int *liwork, int *info, size_t, size_t);
} blas_routines;

/* Loads OpenBLAS, whose threads stay one: images are worked on side by side, each on one processor.
 * threads: that will call it. Dies with the reason where that fails. Before any other thread is
 * started. */
void blas_start(int threads);
/* What it loaded. */
const blas_routines *blas(void);

#endif

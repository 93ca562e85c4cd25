/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The uncompressed kernel inside a kernel image. */
#pragma once

#include "bh-cache-file.h"

/**
 * bh_vmlinux_extract:
 * @image: a bzImage (Documentation/x86/boot.rst, "The real-mode kernel header"), or an ELF kernel
 * as it is
 * @path: where to put the ELF kernel
 *
 * %G_IO_ERROR_NOT_SUPPORTED: a good image, but packed in a way we do not know, or without the entry
 * that QEMU needs to start an ELF kernel (PVH); QEMU can still boot the image itself.
 * %BH_ERROR_FAILED: not a kernel, or a damaged one. Nothing is left at @path on any error.
 */
gboolean bh_vmlinux_extract (const char *image, const char *path, GCancellable *cancellable,
                             GError **error);

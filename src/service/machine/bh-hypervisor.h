/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to libvirt. Made when first needed, and again after libvirt's daemon has died; every
 * call runs in a thread, events come in the main context. */
#pragma once

#include <gio/gio.h>
#include <libvirt/libvirt.h>

#define BH_TYPE_HYPERVISOR (bh_hypervisor_get_type ())
G_DECLARE_FINAL_TYPE (BhHypervisor, bh_hypervisor, BH, HYPERVISOR, GObject)

/* Signals, with the uuid as detail:
 * "domain-stopped" (uuid, powered_off): it is gone, for whatever reason; that the guest has powered it off is known
 * "domain-full" (uuid): it stands still, because a disk of it cannot be written for lack of room here */

/* $BULKHEAD_LIBVIRT_URI or qemu:///session. */
BhHypervisor *bh_hypervisor_new (void);

/* A reference to the connection, made when there is none; to be closed. For threads: it blocks. */
virConnectPtr bh_hypervisor_connect (BhHypervisor *self, GError **error);

/* As g_task_run_in_thread(), for what calls libvirt: bh_hypervisor_finish_calls() waits for it. */
void bh_hypervisor_run_in_thread (GTask *task, GTaskThreadFunc function);

/**
 * bh_hypervisor_create_async:
 * Start a transient domain. Errors: %BH_ERROR_NO_HYPERVISOR, %BH_ERROR_NO_MEMORY, %BH_ERROR_BOOT_FAILED.
 * Once it has begun it cannot be cancelled.
 */
void bh_hypervisor_create_async (BhHypervisor *self, const char *uuid, const char *xml,
                                 GAsyncReadyCallback callback, gpointer data);
gboolean bh_hypervisor_create_finish (BhHypervisor *self, GAsyncResult *result, GError **error);

/* Ends the domain at once; no error when there is none any more. */
void bh_hypervisor_destroy_async (BhHypervisor *self, const char *uuid,
                                  GAsyncReadyCallback callback, gpointer data);
gboolean bh_hypervisor_destroy_finish (BhHypervisor *self, GAsyncResult *result, GError **error);

/**
 * bh_hypervisor_list_async:
 * Our running domains.
 *
 * Returns: (transfer full) (nullable): id → uuid
 */
void bh_hypervisor_list_async (BhHypervisor *self, GAsyncReadyCallback callback, gpointer data);
GHashTable *bh_hypervisor_list_finish (BhHypervisor *self, GAsyncResult *result, GError **error);

/* Runs in a thread, with the domain. */
typedef gboolean (*BhHypervisorFunc) (virDomainPtr domain, gpointer data, GError **error);

/**
 * bh_hypervisor_run_async:
 * @function: what to do with the domain; see bh-monitor.h
 * @data: for it; freed with @free_data in the main context when all is over
 *
 * Fails with %BH_ERROR_NOT_RUNNING when there is no such domain, else as @function does.
 */
void bh_hypervisor_run_async (BhHypervisor *self, const char *uuid, BhHypervisorFunc function,
                              gpointer data, GDestroyNotify free_data, GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean bh_hypervisor_run_finish (BhHypervisor *self, GAsyncResult *result, GError **error);

/* "libvirt 9.0.0, QEMU 7.2.22". Runs in a thread as well. */
void bh_hypervisor_describe_async (BhHypervisor *self, GAsyncReadyCallback callback, gpointer data);
char *bh_hypervisor_describe_finish (BhHypervisor *self, GAsyncResult *result, GError **error);

/* Watch @uuid for "domain-stopped" also across a death of libvirt's daemon. */
void bh_hypervisor_watch (BhHypervisor *self, const char *uuid);
void bh_hypervisor_unwatch (BhHypervisor *self, const char *uuid);

/**
 * bh_hypervisor_finish_calls:
 * At the end of the process: wait until no thread is within libvirt any more.
 *
 * Returns: whether that was so in time; the destructors of libvirt's libraries must not run otherwise
 */
gboolean bh_hypervisor_finish_calls (guint seconds);

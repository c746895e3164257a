/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Updates in a maintenance mode alone, as products have it: how the application enters it and leaves it, and
 * what it takes meanwhile. The mode is in RAM: every reset ends it. */
#include "sim/firmware/mcuboot/app/app.h"

#include <string.h>

#define ATT_INVALID_LENGTH 0x0d
#define REFUSED 0x80 /* the product's own */

enum command { COMMAND_STATE = 0, COMMAND_ENTER = 1, COMMAND_LEAVE = 2 };

static bool defective(const struct sim_app_config *config, enum sim_app_defect defect)
{
    return config->defects & (unsigned)defect;
}

bool sim_maintenance_services(const struct sim_chip *chip, const struct sim_app_config *config,
                              const struct sim_app *app, struct sim_gatt_services *services)
{
    bool written = config->maintenance_entry & SIM_MAINTENANCE_BY_ATT_WRITE;

    services->characteristics[services->n++] = (struct sim_gatt_characteristic){
        .service = SIM_MAINTENANCE_SERVICE,
        .uuid = SIM_MAINTENANCE_CONTROL,
        .properties = (uint8_t)(SIM_GATT_READ | SIM_GATT_NOTIFY |
                                (written ? SIM_GATT_WRITE | SIM_GATT_WRITE_COMMAND : 0)),
        .demand = sim_chip_demand(chip)};
    return config->maintenance != SIM_MAINTENANCE_SERVICE_ABSENT || app->maintenance.on;
}

/* --- entering and leaving --- */

/* What follows from a state that has changed: its service, its end, who is told. */
static void follow(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app)
{
    const struct sim_maintenance *maintenance = &app->maintenance;
    uint8_t value = maintenance->on;
    bool ends = maintenance->on && config->maintenance_us > 0;

    sim_chip_set_timer(chip, SIM_TIMER_MAINTENANCE,
                       ends ? sim_chip_now_us(chip) + config->maintenance_us : SIM_CHIP_NEVER);
    if (maintenance->on == maintenance->was_on)
        return;
    app->maintenance.was_on = maintenance->on;
    if (config->maintenance == SIM_MAINTENANCE_SERVICE_ABSENT)
        sim_chip_services_changed(chip, !defective(config, SIM_APP_DEFECT_MAINTENANCE_NOT_TOLD));
    if (sim_chip_subscription(chip, SIM_MAINTENANCE_CHARACTERISTIC) & SIM_GATT_NOTIFIED)
        sim_chip_notify(chip, SIM_MAINTENANCE_CHARACTERISTIC, &value, 1);
}

static void enter(struct sim_app *app)
{
    app->maintenance.on = true;
}

static void leave(const struct sim_app_config *config, struct sim_app *app)
{
    if (!defective(config, SIM_APP_DEFECT_MAINTENANCE_STAYS))
        app->maintenance.on = false;
}

static void tell(struct sim_chip *chip, const struct sim_app *app, const char *why)
{
    char line[64] = "app: maintenance mode on, by ";

    if (!app->maintenance.on)
        memcpy(line, "app: maintenance mode off, by ", sizeof "app: maintenance mode off, by ");
    strncat(line, why, sizeof line - strlen(line) - 1);
    sim_chip_line(chip, line);
}

uint8_t sim_maintenance_write(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app,
                              const uint8_t *bytes, size_t n_bytes)
{
    bool any = defective(config, SIM_APP_DEFECT_MAINTENANCE_ANY_VALUE);

    if (n_bytes != 1 && !any)
        return ATT_INVALID_LENGTH;
    if (!any && bytes[0] > 1)
        return REFUSED;
    if (any || bytes[0])
        enter(app);
    else
        leave(config, app);
    tell(chip, app, "command");
    follow(chip, config, app);
    return 0;
}

static void button(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app)
{
    if (!(config->maintenance_entry & SIM_MAINTENANCE_BY_BUTTON))
        return;
    if (app->maintenance.on)
        leave(config, app);
    else
        enter(app);
    tell(chip, app, "button");
    follow(chip, config, app);
}

static void time_is_over(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app)
{
    bool finished = app->maintenance.finished;

    app->maintenance.finished = false;
    leave(config, app);
    if (!app->maintenance.on)
        tell(chip, app, finished ? "finished update" : "time-out");
    follow(chip, config, app);
}

/* --- SMP --- */

static bool is_own(const struct sim_app_config *config, const struct rig_smp_header *header)
{
    return config->maintenance_entry & SIM_MAINTENANCE_BY_SMP_GROUP &&
           header->group == SIM_MAINTENANCE_SMP_GROUP &&
           ((header->command == COMMAND_STATE && header->op == RIG_SMP_READ) ||
            ((header->command == COMMAND_ENTER || header->command == COMMAND_LEAVE) &&
             header->op == RIG_SMP_WRITE));
}

static bool refuses(const struct sim_server *server, const struct rig_smp_header *header)
{
    const struct sim_area *area = &server->boot->secondary[0];
    bool refuses = server->config->maintenance == SIM_MAINTENANCE_REFUSES && !server->app->maintenance.on &&
                   !server->app->updater_runs && header->group == RIG_SMP_GROUP_IMAGE;

    if (refuses && header->command == RIG_SMP_IMAGE_UPLOAD &&
        defective(server->config, SIM_APP_DEFECT_MAINTENANCE_ERASES))
        (void)sim_flash_erase(server->flash, area->device, area->offset, area->n_bytes);
    return refuses;
}

bool sim_maintenance_takes(const struct sim_server *server, const struct rig_smp_header *header, bool known,
                           unsigned *rc)
{
    bool own = is_own(server->config, header);

    *rc = !known && !own ? RIG_SMP_RC_NOT_SUPPORTED : refuses(server, header) ? RIG_SMP_RC_DENIED : 0;
    return own;
}

void sim_maintenance_handle(struct sim_server *server, const struct rig_smp_header *header,
                            struct sim_reply *reply)
{
    struct sim_app *app = server->app;

    if (header->command == COMMAND_ENTER)
        enter(app);
    else if (header->command == COMMAND_LEAVE)
        leave(server->config, app);
    app->maintenance.asked = header->command != COMMAND_STATE;
    rig_cbor_put_text(reply->writer, "on");
    rig_cbor_put_bool(reply->writer, app->maintenance.on);
}

static void after_request(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app)
{
    struct sim_maintenance *maintenance = &app->maintenance;

    if (maintenance->asked) {
        maintenance->asked = false;
        tell(chip, app, "SMP command");
        follow(chip, config, app);
    }
    if (maintenance->on && config->maintenance_single && maintenance->marked) {
        /* The response leaves first. */
        maintenance->finished = true;
        sim_chip_set_timer(chip, SIM_TIMER_MAINTENANCE, sim_chip_now_us(chip) + config->reset_delay_us);
    }
    maintenance->marked = false;
}

void sim_maintenance_event(struct sim_chip *chip, const struct sim_app_config *config, struct sim_app *app,
                           enum sim_maintenance_event event)
{
    if (event == SIM_MAINTENANCE_BUTTON)
        button(chip, config, app);
    else if (event == SIM_MAINTENANCE_TIMER)
        time_is_over(chip, config, app);
    else
        after_request(chip, config, app);
}

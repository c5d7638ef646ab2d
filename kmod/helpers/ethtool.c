// SPDX-License-Identifier: GPL-2.0
/* linux/ethtool.h */

void vnet_helper_ethtool_settings(struct ethtool_link_ksettings *settings, u32 speed, u8 duplex)
{
	settings->base.speed = speed;
	settings->base.duplex = duplex;
	settings->base.port = PORT_TP;
	settings->base.autoneg = AUTONEG_DISABLE;
}

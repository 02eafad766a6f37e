"""Countries as people write them, to ISO 3166-1 two-letter codes. A table, so that it needs no package."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_NAMES = (
    "AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua & Barbuda|AI Anguilla|AL Albania|"
    "AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS Samoa (American)|AT Austria|AU Australia|"
    "AW Aruba|AX Åland Islands|AZ Azerbaijan|BA Bosnia & Herzegovina|BB Barbados|BD Bangladesh|"
    "BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BL St Barthelemy|"
    "BM Bermuda|BN Brunei|BO Bolivia|BQ Caribbean NL|BR Brazil|BS Bahamas|BT Bhutan|BV Bouvet Island|"
    "BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos (Keeling) Islands|CD Congo (Dem. Rep.)|"
    "CF Central African Rep.|CG Congo (Rep.)|CH Switzerland|CI Côte d'Ivoire|CK Cook Islands|"
    "CL Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde|CW Curaçao|"
    "CX Christmas Island|CY Cyprus|CZ Czech Republic|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|"
    "DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|"
    "ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia|FO Faroe Islands|"
    "FR France|GA Gabon|GB Britain (UK)|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|"
    "GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|"
    "GS South Georgia & the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|"
    "HK Hong Kong|HM Heard Island & McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|"
    "ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|IO British Indian Ocean Territory|"
    "IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|"
    "KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN St Kitts & Nevis|KP Korea (North)|"
    "KR Korea (South)|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC St Lucia|"
    "LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|"
    "LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF St Martin (French)|MG Madagascar|"
    "MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar (Burma)|MN Mongolia|MO Macau|"
    "MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|"
    "MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|"
    "NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|"
    "NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|"
    "PK Pakistan|PL Poland|PM St Pierre & Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine|"
    "PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia|RW Rwanda|"
    "SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH St Helena|"
    "SI Slovenia|SJ Svalbard & Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|"
    "SO Somalia|SR Suriname|SS South Sudan|ST Sao Tome & Principe|SV El Salvador|"
    "SX St Maarten (Dutch)|SY Syria|SZ Eswatini (Swaziland)|TC Turks & Caicos Is|TD Chad|"
    "TF French S. Terr.|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL East Timor|TM Turkmenistan|"
    "TN Tunisia|TO Tonga|TR Turkey|TT Trinidad & Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|"
    "UG Uganda|UM US minor outlying islands|US United States|UY Uruguay|UZ Uzbekistan|"
    "VA Vatican City|VC St Vincent|VE Venezuela|VG Virgin Islands (UK)|VI Virgin Islands (US)|"
    "VN Vietnam|VU Vanuatu|WF Wallis & Futuna|WS Samoa (western)|YE Yemen|YT Mayotte|ZA South Africa|"
    "ZM Zambia|ZW Zimbabwe"
)
# Three-letter codes and the names that exports of shops and affiliate tools use.
_ALSO = (
    "AE UAE|AE ARE|AR ARG|AT AUT|AT Österreich|AT Autriche|AU AUS|BA Bosnia and Herzegovina|BE BEL|"
    "BE Belgique|BE België|BE Belgien|BR BRA|BR Brasil|BQ Caribbean Netherlands|BQ Bonaire|CA CAN|"
    "CD Democratic Republic of the Congo|CG Congo|CH CHE|CH Schweiz|CH Suisse|CH Svizzera|"
    "CI Ivory Coast|CL CHL|CN CHN|CO COL|CV Cabo Verde|CZ CZE|CZ Czechia|DE DEU|DE Deutschland|"
    "DE Allemagne|DK DNK|DK Danmark|EE EST|ES ESP|ES España|ES Espagne|ES Spanien|FI FIN|FI Suomi|"
    "FR FRA|GB GBR|GB UK|GB U.K.|GB Britain|GB Great Britain|GB United Kingdom|GB England|"
    "GB Scotland|GB Wales|GB Northern Ireland|GR GRC|GR Hellas|HK HKG|HR HRV|HR Hrvatska|HU HUN|"
    "ID IDN|IE IRL|IE Éire|IL ISR|IN IND|IT ITA|IT Italia|IT Italie|IT Italien|JP JPN|KP North Korea|"
    "KR KOR|KR South Korea|KR Republic of Korea|LT LTU|LU LUX|LV LVA|MX MEX|MX México|MY MYS|NL NLD|"
    "NL Holland|NL Nederland|NL The Netherlands|NL Pays-Bas|NO NOR|NO Norge|NZ NZL|PE PER|PH PHL|"
    "PL POL|PL Polska|PT PRT|RO ROU|RU Russian Federation|RU RUS|SA SAU|SE SWE|SE Sverige|SG SGP|"
    "SI SVN|SK SVK|SZ Eswatini|TH THA|TR TUR|TR Türkiye|TT Trinidad and Tobago|TW TWN|UA UKR|US USA|"
    "US U.S.|US U.S.A.|US America|US United States of America|US Estados Unidos|VE VEN|VN VNM|"
    "VN Viet Nam|ZA ZAF|MM Myanmar|SZ Swaziland|CZ Česko|MO Macao|MK Macedonia|TL Timor-Leste|"
    "BN Brunei Darussalam|LA Lao|MD Moldova, Republic of|TZ Tanzania, United Republic of"
)


def country_code(written: str) -> str | None:
    """The two-letter code of a country's code or name; None when it is not known."""
    return _codes().get(_folded(written))


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    known: dict[str, str] = {}
    for entry in f"{_NAMES}|{_ALSO}".split("|"):
        code, name = entry[:2], entry[3:]
        known[_folded(code)] = code
        known[_folded(name)] = code
    return known


def _folded(text: str) -> str:
    """Letters only, without accents and case: "Côte d'Ivoire" and "cote d ivoire" are the same."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and "))
    return "".join(letter for letter in plain.casefold() if letter.isalpha())
